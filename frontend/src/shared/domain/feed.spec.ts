import { describe, expect, it } from 'vitest'
import type { FeedDay } from '@/shared/api/types'
import { choicesFor, daySpoken, lastSettlement } from './feed'

const day: FeedDay = {
  id: 1,
  date: '2026-10-13',
  kind: 'workday',
  day_label: '',
  state: 'silent',
  headcount: 0,
  punch_count: 0,
  cause: 'device_offline',
  cause_text: '设备离线: 当日没有心跳',
  devices: [],
  settlements: [],
  needs_settling: true,
}

describe('a day without data', () => {
  it('cannot be called closed where other devices delivered', () => {
    expect(choicesFor({ state: 'silent' }).map((one) => one.value)).toEqual(['not_captured', 'paper', 'closed'])
    expect(choicesFor({ state: 'partial' }).map((one) => one.value)).toEqual(['not_captured', 'paper'])
  })

  it('says its state, its cause and what it was taken for', () => {
    expect(daySpoken(day, '未采集')).toBe('未采集，设备离线: 当日没有心跳，待处置')
    const settled = { choice: 'closed' as const, choice_title: '当日未开园', reason: '停电', by_name: '王三江', at: '2026-11-02T09:00:00+08:00' }
    const after = { ...day, settlements: [settled], needs_settling: false }
    expect(lastSettlement(after)).toEqual(settled)
    expect(daySpoken(after, '未采集')).toBe('未采集，设备离线: 当日没有心跳，已处置：当日未开园')
  })
})
