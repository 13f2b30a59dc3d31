import type { CyclePreflight } from '@/shared/api/types'
import { formatYuan, isZero } from './money'
import { formatMonth } from './month'

export type Check = { title: string; text: string; state: 'ok' | 'look' | 'stop' }

const signed = (amount: string) => (amount.startsWith('-') ? `减少 ${formatYuan(amount.slice(1))}` : `增加 ${formatYuan(amount)}`)

/** Blockers that are a check of their own already: said there, not twice. */
const SAID = { statements_open: '结算单', open_alerts: '预警', amount_moved: '审核后的变化' } as const

/** "属实 2，排除 1": what became of the alerts. */
function outcomesText(alerts: CyclePreflight['alerts']): string {
  const sum = (of: (one: CyclePreflight['alerts'][number]) => number) => alerts.reduce((total, one) => total + of(one), 0)
  const parts = [
    ['待处置', sum((one) => one.open)],
    ['属实', sum((one) => one.confirmed)],
    ['排除', sum((one) => one.dismissed)],
    ['已更正', sum((one) => one.corrected)],
    ['已消除', sum((one) => one.gone)],
  ] as const
  return parts.flatMap(([title, count]) => (count ? [`${title} ${count}`] : [])).join('，')
}

function alertsText(found: CyclePreflight, total: number): string {
  const blocker = found.blockers.find((one) => one.code === 'open_alerts')
  return [total ? `共 ${total} 条：${outcomesText(found.alerts)}` : '', blocker ? `${blocker.message}，须先处置或放行` : ''].filter(Boolean).join('；')
}

/** What an evaluator should know before sealing. Whether it is allowed is the server's to say (capabilities). */
export function preflight(found: CyclePreflight): Check[] {
  const { totals, previous, adjustments } = found
  const stands = (code: keyof typeof SAID) => found.blockers.some((one) => one.code === code)
  const stops = found.blockers.filter((one) => !(one.code in SAID)).map((one): Check => ({ title: '不可评定', text: one.message, state: 'stop' }))
  const alerts = found.alerts.reduce((sum, one) => sum + one.total, 0)
  return [
    ...stops,
    { title: '应补合计', text: `${formatYuan(totals.amount)}，${totals.places ? `托位 ${totals.places} 个` : `享受补助婴幼儿 ${totals.paid_children} 人`}`, state: 'ok' },
    {
      title: '与上月相比',
      text: previous === null ? '上月没有封存的数据，无从比较' : `${formatMonth(previous.month)} ${formatYuan(previous.amount)}，本月${isZero(previous.difference) ? '相同' : signed(previous.difference)}`,
      state: previous === null || previous.moved ? 'look' : 'ok',
    },
    {
      title: '结算单',
      text: totals.open ? `共 ${totals.statements} 份，还有 ${totals.open} 份在审核中` : `共 ${totals.statements} 份，通过 ${totals.approved} 份，不纳入 ${totals.excluded} 份`,
      state: totals.open ? 'stop' : 'ok',
    },
    { title: '不纳入的机构', text: totals.excluded ? `${totals.excluded} 家，理由见下` : '没有', state: totals.excluded ? 'look' : 'ok' },
    { title: '预警', text: alerts === 0 && !stands('open_alerts') ? '没有' : alertsText(found, alerts), state: stands('open_alerts') ? 'stop' : found.alerts.some((one) => one.open) ? 'look' : 'ok' },
    { title: '审核后的变化', text: found.changed.length ? `${found.changed.length} 份结算单在县级审核后内容有变，见下` : '没有，内容与县级审核时一致', state: stands('amount_moved') ? 'stop' : found.changed.length ? 'look' : 'ok' },
    { title: '职责分离', text: found.breaches.length ? `${found.breaches.length} 处兼任不相容职责，见下` : '没有一人兼任不相容职责', state: found.breaches.length ? 'stop' : 'ok' },
    { title: '迟到账', text: adjustments.length ? `随本月结算 ${formatYuan(found.adjustments_amount)}，见下` : '没有以前月份的补发或追回', state: adjustments.length ? 'look' : 'ok' },
    { title: '应考勤天数', text: found.required_days === null ? '未设置' : `${found.required_days} 天`, state: found.required_days === null ? 'stop' : 'ok' },
    { title: '补助方案', text: `${found.scheme_name}〔${found.document_number}〕`, state: 'ok' },
  ]
}
