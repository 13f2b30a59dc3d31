import type { Delegation, DelegableStep } from '@/shared/api/types'
import { formatDay } from './dates'
import type { Label } from './labels'

/** The longest a step can be handed over at a time (the server's rule). */
export const MAX_DAYS = 92

const STATES: Record<Delegation['state'], Label> = {
  scheduled: { text: '未开始', tone: 'info' },
  active: { text: '生效中', tone: 'success' },
  ended: { text: '已到期', tone: 'info' },
  revoked: { text: '已撤销', tone: 'warning' },
}

export function delegationStateLabel(state: Delegation['state']): Label {
  return STATES[state]
}

/** Only what has not ended can be ended, and only by whoever handed it over. */
export function isRevocable(one: Delegation): boolean {
  return one.mine && (one.state === 'active' || one.state === 'scheduled')
}

/** "2026-11-25", "2026-12-01" → "2026年11月25日 至 12月1日"; one day is said once. */
export function periodText(from: string, to: string): string {
  const [year, lastYear] = [from.slice(0, 4), to.slice(0, 4)]
  if (from === to) return `${year}年${formatDay(from)}`
  return `${year}年${formatDay(from)} 至 ${lastYear === year ? '' : `${lastYear}年`}${formatDay(to)}`
}

export function stepTitle(steps: readonly DelegableStep[], permission: string): string {
  return steps.find((one) => one.permission === permission)?.title ?? ''
}

/** The date so many days after another, both as "2026-11-25"; no time zone takes part. */
export function addDays(date: string, days: number): string {
  const [year = 0, month = 1, day = 1] = date.split('-').map(Number)
  return new Date(Date.UTC(year, month - 1, day + days)).toISOString().slice(0, 10)
}

/** What is still wrong with a period, in one sentence; empty when nothing. */
export function periodFault(from: string, to: string, today: string): string {
  if (!from || !to) return '请选择起止日期'
  if (from < today) return '开始日期不能早于今天'
  if (to < from) return '最后一天不能早于开始日期'
  return to > addDays(from, MAX_DAYS - 1) ? `一次最多委托 ${MAX_DAYS} 天` : ''
}
