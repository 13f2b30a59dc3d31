import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import type { StatementDecision } from '@/shared/api/types'
import ReturnNote from './ReturnNote.vue'

const decision = {
  decision: 'back_to_township',
  round: 2,
  step_title: '县级审核',
  by_name: '陈审核',
  at: '2026-11-02T09:00:00+08:00',
  comment: '请再核两名婴幼儿',
  marked_lines: [
    { line_id: 11, subject: '王** (MOLI-1)', reason: '9 日缺离园打卡' },
    { line_id: 12, subject: '欧*** (MOLI-2)', reason: '' },
  ],
} as unknown as StatementDecision

it('names each marked row with its reason, and opens it', async () => {
  const note = mount(ReturnNote, { props: { decision } })
  expect(note.find('b').text()).toBe('第 2 轮退回乡镇街道初审')
  expect(note.findAll('li').map((one) => one.text())).toEqual(['王** (MOLI-1) 9 日缺离园打卡', '欧*** (MOLI-2) 未写原因'])
  await note.findAll('li button')[1]?.trigger('click')
  expect(note.emitted('open')).toEqual([[12]])
})

it('says nothing of rows where none was marked', () => {
  const note = mount(ReturnNote, { props: { decision: { ...decision, decision: 'returned', marked_lines: [] } } })
  expect(note.find('b').text()).toBe('第 2 轮退回机构更正')
  expect(note.text()).not.toContain('标出')
})
