import type { Difference, DifferenceRow } from '@/shared/api/types'
import { formatYuan } from './money'
import type { Problem } from './problem'

/** What moved since the approver looked, and what has to be dealt with before approving. */
export type Changed = { difference: Difference | null; contentHash: string; blockers: string[] }

const AMOUNT = /^-?\d+(\.\d+)?$/

function isDifference(value: unknown): value is Difference {
  return typeof value === 'object' && value !== null && Array.isArray((value as Difference).rows)
}

/** Out of a 409 `content_changed`; an answer without a difference asks for a look at the whole page. */
export function changedOf(problem: Problem): Changed {
  const { difference, content_hash: hash, blockers } = problem.details
  const found = isDifference(difference) ? difference : null
  return {
    difference: found?.known ? found : null,
    contentHash: typeof hash === 'string' ? hash : '',
    blockers: Array.isArray(blockers) ? blockers.map((one) => String((one as { message?: unknown }).message ?? '')).filter(Boolean) : [],
  }
}

/** A value of a row for people: amounts get separators, days their unit, words stay. */
export function valueText(row: DifferenceRow, value: string): string {
  if (!AMOUNT.test(value)) return value
  if (row.format === 'money') return formatYuan(value)
  return row.format === 'days' ? `${value} 天` : value
}

const GROUP_TITLES: Record<DifferenceRow['group'], string> = {
  figures: '合计',
  child: '婴幼儿',
  alert: '预警',
  correction: '考勤更正',
  feed: '未采集',
  statement: '结算单',
}

export type DifferenceGroup = { title: string; subjects: { subject: string; rows: DifferenceRow[] }[] }

/** Rows under their heading and under whom they concern, in the order in which the server sent them. */
export function groupsOf(rows: readonly DifferenceRow[]): DifferenceGroup[] {
  const groups = new Map<string, Map<string, DifferenceRow[]>>()
  for (const row of rows) {
    const title = GROUP_TITLES[row.group]
    const subjects = groups.get(title) ?? new Map<string, DifferenceRow[]>()
    subjects.set(row.subject, [...(subjects.get(row.subject) ?? []), row])
    groups.set(title, subjects)
  }
  return [...groups].map(([title, subjects]) => ({ title, subjects: [...subjects].map(([subject, own]) => ({ subject, rows: own })) }))
}
