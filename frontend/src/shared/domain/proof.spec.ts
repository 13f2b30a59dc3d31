import { expect, it } from 'vitest'
import type { ProofAct } from '@/shared/api/types'
import { proofCells } from './proof'

const act = (change: Partial<ProofAct>): ProofAct => ({ duty: 'review_township', title: '初审', person: '王三江', principal: '', round: 1, at: '2026-11-02T09:00:00+08:00', read: '', ...change })

it('names each person once, with how often and when last', () => {
  const acts = [act({ at: '2026-11-03T09:00:00+08:00' }), act({ at: '2026-11-02T09:00:00+08:00' }), act({ person: '陈审核', duty: 'review_county' })]
  expect(proofCells(acts, ['review_township'])).toEqual([{ person: '王三江', note: '2 次，2026-11-03' }])
})

it('says for whom somebody acted, and which of two duties it was', () => {
  const acts = [act({ duty: 'settle_alert', title: '预警处置', principal: '沈复核' }), act({ duty: 'override_alert', title: '预警放行', person: '孙领导' })]
  expect(proofCells(acts, ['settle_alert', 'override_alert'])).toEqual([
    { person: '王三江（受 沈复核 委托）', note: '预警处置 2026-11-02' },
    { person: '孙领导', note: '预警放行 2026-11-02' },
  ])
})
