import { expect, it } from 'vitest'
import { dueLabel } from './due'
import { formatDuration, formatSeconds, isUnusual, isVisible } from './durations'

const HOUR = 3_600_000_000

it('says days and hours, hours and minutes, minutes', () => {
  expect(formatDuration(76 * HOUR)).toBe('3 天 4 小时')
  expect(formatDuration(48 * HOUR)).toBe('2 天')
  expect(formatDuration(1.5 * HOUR)).toBe('1 小时 30 分钟')
  expect(formatDuration(5 * HOUR)).toBe('5 小时')
  expect(formatDuration(25 * 60_000_000)).toBe('25 分钟')
  expect(formatDuration(59_999_999)).toBe('不到 1 分钟')
  expect([formatSeconds(7), formatSeconds(90)]).toEqual(['7 秒', '1 分钟'])
})

it('names what takes twice as long as usual, and only then', () => {
  expect(isUnusual(4 * HOUR, 2 * HOUR)).toBe(true)
  expect(isUnusual(3 * HOUR, 2 * HOUR)).toBe(false)
  expect(isUnusual(HOUR / 2, 1)).toBe(false)
  expect(isUnusual(40 * HOUR, undefined)).toBe(false)
})

it('hides the moment between two steps', () => {
  expect([isVisible(999_999), isVisible(1_000_000)]).toEqual([false, true])
})

it('says when something is due', () => {
  const due = { state: 'later', on: '2026-11-05', days_over: 0 } as const
  expect(dueLabel(due)).toEqual({ text: '11月5日到期', tone: 'info' })
  expect(dueLabel({ ...due, state: 'soon' })).toEqual({ text: '11月5日到期', tone: 'warning' })
  expect(dueLabel({ ...due, state: 'overdue', days_over: 3 })).toEqual({ text: '超期 3 天', tone: 'danger' })
  expect(dueLabel({ ...due, state: 'unknown', on: null })).toEqual({ text: '期限待定', tone: 'info' })
  expect(dueLabel({ ...due, state: 'none', on: null })).toBeNull()
  expect([dueLabel({ ...due, state: 'kept' })?.text, dueLabel({ ...due, state: 'missed' })?.text]).toEqual(['按期', '超期办结'])
})
