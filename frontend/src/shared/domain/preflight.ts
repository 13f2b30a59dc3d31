import type { CycleDetail } from '@/shared/api/types'
import { formatYuan } from './money'

export type Check = { title: string; text: string; state: 'ok' | 'look' | 'stop' }

/** What an evaluator should know before sealing. Whether it is allowed is the server's to say (capabilities). */
export function preflight(cycle: CycleDetail, openAlerts: number | null): Check[] {
  const { counts } = cycle
  return [
    { title: '应补合计', text: formatYuan(cycle.total_amount), state: 'ok' },
    {
      title: '结算单',
      text: counts.open ? `共 ${counts.statements} 张，还有 ${counts.open} 张在审核中` : `共 ${counts.statements} 张，通过 ${counts.approved} 张，不纳入 ${counts.excluded} 张`,
      state: counts.open ? 'stop' : 'ok',
    },
    {
      title: '不纳入的机构',
      text: counts.excluded ? `${counts.excluded} 家，理由见下` : '没有',
      state: counts.excluded ? 'look' : 'ok',
    },
    {
      title: '未处置预警',
      text: openAlerts === null ? '正在读取…' : openAlerts ? `${openAlerts} 条，见下` : '没有',
      state: openAlerts === null ? 'look' : openAlerts ? 'stop' : 'ok',
    },
    {
      title: '应考勤天数',
      text: cycle.required_days === null ? '未设置' : `${cycle.required_days} 天`,
      state: cycle.required_days === null ? 'stop' : 'ok',
    },
    {
      title: '补助方案',
      text: `${cycle.scheme.name} 第 ${cycle.scheme.version} 版〔${cycle.scheme.document_number}〕`,
      state: 'ok',
    },
  ]
}
