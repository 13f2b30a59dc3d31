import { expect, it } from 'vitest'
import { weeksOf, isRestDay } from './calendar'
import { dateOf, formatAgo, formatDateTime, formatDay, formatSize, formatTime, formatWeekday, weekdayOf } from './dates'
import { isLate } from './punch'

it('shows moments in Shanghai time', () => {
  expect(formatDateTime('2026-10-09T00:05:09Z')).toBe('2026-10-09 08:05')
  expect(formatDateTime('2026-10-08T16:00:00Z')).toBe('2026-10-09 00:00')
  expect(formatTime('2026-10-09T00:05:09Z')).toBe('08:05')
  expect(formatTime('2026-10-09T08:05:09+08:00', true)).toBe('08:05:09')
  expect(dateOf('2026-10-08T16:00:00Z')).toBe('2026-10-09')
})

it('shows a missing moment as a dash', () => {
  expect([formatDateTime(null), formatTime(undefined), formatDateTime('never')]).toEqual(['—', '—', '—'])
})

it('reads weekdays from the date alone', () => {
  expect(weekdayOf('2026-10-01')).toBe(3)
  expect(formatWeekday('2026-10-10')).toBe('周六')
  expect(formatDay('2026-10-09')).toBe('10月9日')
})

it('says how long ago', () => {
  const now = new Date('2026-10-09T04:00:00Z')
  expect(formatAgo('2026-10-09T03:59:40Z', now)).toBe('刚刚')
  expect(formatAgo('2026-10-09T03:55:00Z', now)).toBe('5 分钟前')
  expect(formatAgo('2026-10-09T01:00:00Z', now)).toBe('3 小时前')
  expect(formatAgo('2026-10-07T01:00:00Z', now)).toBe('2026-10-07 09:00')
})

it('sizes files', () => {
  expect([formatSize(0), formatSize(1536), formatSize(3_355_443)]).toEqual(['0 字节', '1.5 KB', '3.2 MB'])
})

it('lays October 2026 out in five weeks from Monday', () => {
  const days = Array.from({ length: 31 }, (_, index) => ({ date: `2026-10-${String(index + 1).padStart(2, '0')}` }))
  const weeks = weeksOf(days)
  expect(weeks.map((week) => week.map((day) => day?.date.slice(8) ?? '').join(' '))).toEqual([
    '   01 02 03 04',
    '05 06 07 08 09 10 11',
    '12 13 14 15 16 17 18',
    '19 20 21 22 23 24 25',
    '26 27 28 29 30 31 ',
  ])
  expect(weeksOf([])).toEqual([])
})

it('rests on an empty weekend, not on one with punches nor on a make-up day', () => {
  const day = { kind: 'weekend', status: 'not_counted', punch_count: 0 } as const
  expect(isRestDay(day)).toBe(true)
  expect(isRestDay({ ...day, punch_count: 2 })).toBe(false)
  expect(isRestDay({ ...day, kind: 'makeup' })).toBe(false)
  expect(isRestDay({ ...day, kind: 'holiday', status: 'counted' })).toBe(false)
})

it('calls a punch late after a day', () => {
  expect(isLate({ happened_at: '2026-10-12T00:00:00Z', arrived_at: '2026-10-12T23:59:00Z' })).toBe(false)
  expect(isLate({ happened_at: '2026-10-12T00:00:00Z', arrived_at: '2026-10-13T00:00:01Z' })).toBe(true)
})
