import type { LineDay } from '@/shared/api/types'
import { weekdayOf } from './dates'

/** Days laid out in weeks from Monday; null is a place outside the month. */
export function weeksOf<T extends { date: string }>(days: readonly T[]): (T | null)[][] {
  const first = days[0]
  if (!first) return []
  const cells: (T | null)[] = [...Array<null>(weekdayOf(first.date)).fill(null), ...days]
  while (cells.length % 7) cells.push(null)
  return Array.from({ length: cells.length / 7 }, (_, week) => cells.slice(week * 7, week * 7 + 7))
}

export const WEEKDAY_TITLES = ['一', '二', '三', '四', '五', '六', '日'] as const

/** A day off on which nothing happened: shown, but not among the days somebody has to think about. */
export function isRestDay(day: Pick<LineDay, 'kind' | 'status' | 'punch_count'>): boolean {
  return (day.kind === 'weekend' || day.kind === 'holiday') && day.status === 'not_counted' && day.punch_count === 0
}
