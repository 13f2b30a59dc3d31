import type { Approvable, Batch, BatchItem } from '@/shared/api/types'
import type { Label } from './labels'
import { formatAmount, isZero } from './money'

const STATES: Record<Batch['state'], Label> = {
  waiting: { text: '排队中', tone: 'info' },
  running: { text: '办理中', tone: 'primary' },
  done: { text: '已结束', tone: 'success' },
}

const ITEMS: Record<BatchItem['state'], Label> = {
  pending: { text: '待处理', tone: 'info' },
  done: { text: '已通过', tone: 'success' },
  refused: { text: '未办成', tone: 'danger' },
  cancelled: { text: '已取消', tone: 'warning' },
}

export function batchStateLabel(batch: Pick<Batch, 'state' | 'refused'>): Label {
  return batch.state === 'done' && batch.refused ? { text: `已结束，${batch.refused} 件未办成`, tone: 'danger' } : STATES[batch.state]
}

export function itemStateLabel(state: BatchItem['state']): Label {
  return ITEMS[state]
}

/** "+1,200.00（+8%）", "无变化", or that there is nothing to compare with. */
export function changeText(previous: Approvable['previous']): string {
  if (previous.change === null) return '上月无结算单'
  if (isZero(previous.change)) return '无变化'
  const sign = previous.change.startsWith('-') ? '' : '+'
  const percent = previous.percent === null ? '' : `（${previous.percent > 0 ? '+' : ''}${previous.percent}%）`
  return `${sign}${formatAmount(previous.change)}${percent}`
}
