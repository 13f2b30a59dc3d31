import type { Line, TaskDetail } from '@/shared/api/types'
import { lineTitle } from './lines'
import { formatYuan } from './money'

export type Change = { what: string; before: string; after: string }

/** What moved on the summary between the version that was read and the one that is there now. */
export function summaryChanges(before: TaskDetail, after: TaskDetail): Change[] {
  const changes: Change[] = []
  const add = (what: string, from: string, to: string) => {
    if (from !== to) changes.push({ what, before: from, after: to })
  }
  const [a, b] = [before.statement, after.statement]
  if (a && b) {
    add('应补合计', formatYuan(a.total_amount), formatYuan(b.total_amount))
    add('婴幼儿人数', `${a.children_count} 人`, `${b.children_count} 人`)
    add('计补托位', `${a.places} 个`, `${b.places} 个`)
    add('未处置预警', `${a.open_alerts} 条`, `${b.open_alerts} 条`)
    add('轮次', `第 ${a.round} 轮`, `第 ${b.round} 轮`)
  }
  return changes
}

/** Rows whose days or amount moved; matched by child, because a recalculation may write new rows. */
export function lineChanges(before: readonly Line[], after: readonly Line[]): Change[] {
  const text = (line: Line) => `${line.attended_days}/${line.required_days} 天，${formatYuan(line.amount)}`
  const now = new Map(after.map((line) => [line.child_id, line]))
  return before.flatMap((line) => {
    const other = now.get(line.child_id)
    if (!other || text(other) === text(line)) return []
    return [{ what: lineTitle(line), before: text(line), after: text(other) }]
  })
}
