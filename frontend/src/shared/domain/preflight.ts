import type { CyclePreflight } from '@/shared/api/types'
import { formatYuan, isZero } from './money'
import { formatMonth } from './month'

export type Check = { title: string; text: string; state: 'ok' | 'look' | 'stop' }

const signed = (amount: string) => (amount.startsWith('-') ? `减少 ${formatYuan(amount.slice(1))}` : `增加 ${formatYuan(amount)}`)

/** What an evaluator should know before sealing. Whether it is allowed is the server's to say (capabilities). */
export function preflight(found: CyclePreflight): Check[] {
  const { totals, previous, adjustments } = found
  const stops = found.blockers.map((one): Check => ({ title: '不可评定', text: one.message, state: 'stop' }))
  const alerts = found.alerts.reduce((sum, one) => sum + one.total, 0)
  const waiting = found.alerts.reduce((sum, one) => sum + one.open, 0)
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
      text: totals.open ? `共 ${totals.statements} 张，还有 ${totals.open} 张在审核中` : `共 ${totals.statements} 张，通过 ${totals.approved} 张，不纳入 ${totals.excluded} 张`,
      state: totals.open ? 'stop' : 'ok',
    },
    { title: '不纳入的机构', text: totals.excluded ? `${totals.excluded} 家，理由见下` : '没有', state: totals.excluded ? 'look' : 'ok' },
    { title: '预警', text: alerts === 0 ? '没有' : waiting ? `共 ${alerts} 条，${waiting} 条未处置` : `共 ${alerts} 条，均已处置或消除`, state: waiting ? 'look' : 'ok' },
    { title: '审核后的变化', text: found.changed.length ? `${found.changed.length} 张结算单在县级审核后内容有变，见下` : '没有，内容与县级审核时一致', state: found.changed.length ? 'look' : 'ok' },
    { title: '职责分离', text: found.breaches.length ? `${found.breaches.length} 处兼任不相容职责，见下` : '没有一人兼任不相容职责', state: found.breaches.length ? 'stop' : 'ok' },
    { title: '迟到账', text: adjustments.length ? `随本月结算 ${formatYuan(found.adjustments_amount)}，见下` : '没有以前月份的补发或追回', state: adjustments.length ? 'look' : 'ok' },
    { title: '应考勤天数', text: found.required_days === null ? '未设置' : `${found.required_days} 天`, state: found.required_days === null ? 'stop' : 'ok' },
    { title: '补助方案', text: `${found.scheme_name}〔${found.document_number}〕`, state: 'ok' },
  ]
}
