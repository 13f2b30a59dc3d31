import type { Task } from '@/shared/api/types'
import { formatDay } from './dates'
import type { Label } from './labels'

export type Due = Task['due']
export type DueState = Due['state']

/** What an open task may be filtered by; the others say how a finished one ended. */
export const DUE_FILTERS: { state: DueState; title: string }[] = [
  { state: 'overdue', title: '已超期' },
  { state: 'soon', title: '即将到期' },
  { state: 'later', title: '未到期' },
]

/** The due date in a few characters; null where the county has set none. */
export function dueLabel(due: Due): Label | null {
  const day = due.on ? `${formatDay(due.on)}到期` : '期限待定'
  switch (due.state) {
    case 'none':
      return null
    case 'unknown':
      return { text: '期限待定', tone: 'info' }
    case 'soon':
      return { text: day, tone: 'warning' }
    case 'overdue':
      return { text: `超期 ${due.days_over} 天`, tone: 'danger' }
    case 'kept':
      return { text: '按期', tone: 'success' }
    case 'missed':
      return { text: '超期办结', tone: 'warning' }
    default:
      return { text: day, tone: 'info' }
  }
}

/** Beside the word: the date of what is late, or why there is none. */
export function dueHint(due: Due): string {
  if (due.state === 'unknown') return '当年放假安排尚未公布，公布后推算到期日'
  return due.on ? `${due.on} 到期，当天仍可办理` : ''
}

export function dueStateOf(value: unknown): DueState | undefined {
  return DUE_FILTERS.find((one) => one.state === value)?.state
}
