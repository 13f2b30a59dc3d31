import { expect, it } from 'vitest'
import { formatMonth, isMonth, lastServiceMonth, nextMonth, previousMonth } from './month'

it('formats a service month', () => {
  expect(formatMonth('2026-10')).toBe('2026年10月')
  expect(formatMonth('2026-01')).toBe('2026年1月')
  expect(formatMonth('2026-13')).toBe('2026-13')
})

it('refuses what is not a month', () => {
  expect(['2026-10', '2026-00', '2026-1', '26-10', ''].map(isMonth)).toEqual([true, false, false, false, false])
})

it('steps over the end of the year', () => {
  expect([nextMonth('2026-12'), nextMonth('2026-09'), previousMonth('2026-01'), previousMonth('2026-10')]).toEqual([
    '2027-01',
    '2026-10',
    '2025-12',
    '2026-09',
  ])
})

it('takes the last month of Shanghai, not of London', () => {
  expect(lastServiceMonth(new Date('2026-10-31T16:30:00Z'))).toBe('2026-10')
  expect(lastServiceMonth(new Date('2026-10-31T15:30:00Z'))).toBe('2026-09')
  expect(lastServiceMonth(new Date('2026-01-15T00:00:00Z'))).toBe('2025-12')
})
