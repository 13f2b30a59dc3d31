import { describe, expect, it } from 'vitest'
import type { Delegation } from '@/shared/api/types'
import { addDays, isRevocable, periodFault, periodText } from './delegation'

describe('委托', () => {
  it('says a period once, with the second year only when it differs', () => {
    expect(periodText('2026-11-25', '2026-11-25')).toBe('2026年11月25日')
    expect(periodText('2026-11-25', '2026-12-01')).toBe('2026年11月25日 至 12月1日')
    expect(periodText('2026-12-30', '2027-01-02')).toBe('2026年12月30日 至 2027年1月2日')
  })

  it('counts days across months and leap years', () => {
    expect(addDays('2028-02-28', 1)).toBe('2028-02-29')
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01')
  })

  it('refuses what the server refuses, the longest period included', () => {
    const today = '2026-11-25'
    expect(periodFault('', '2026-11-26', today)).toBe('请选择起止日期')
    expect(periodFault('2026-11-24', '2026-11-26', today)).toBe('开始日期不能早于今天')
    expect(periodFault('2026-11-27', '2026-11-26', today)).toBe('最后一天不能早于开始日期')
    expect(periodFault(today, addDays(today, 91), today)).toBe('')
    expect(periodFault(today, addDays(today, 92), today)).toBe('一次最多委托 92 天')
  })

  it('lets only the giver end what has not ended', () => {
    const one = { mine: true, state: 'active' } as Delegation
    expect(isRevocable(one)).toBe(true)
    expect(isRevocable({ ...one, state: 'scheduled' })).toBe(true)
    expect(isRevocable({ ...one, mine: false })).toBe(false)
    expect(isRevocable({ ...one, state: 'revoked' })).toBe(false)
    expect(isRevocable({ ...one, state: 'ended' })).toBe(false)
  })
})
