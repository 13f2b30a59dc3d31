import type { Seal } from '@/shared/api/types'
import { formatDateTime } from './dates'

export type AfterStep = { title: string; text: string; state: 'done' | 'waiting' | 'wrong' }

/** What follows an evaluation by itself: backup, witness, report, check. */
export function afterEvaluation(seal: Pick<Seal, 'sealed_at' | 'copies' | 'locations' | 'checked_at' | 'incidents'>, reports: number): AfterStep[] {
  const saved = seal.copies >= seal.locations
  const sound = seal.checked_at ? `${formatDateTime(seal.checked_at)} 与封存时一致` : '等待首次核对，半分钟内'
  return [
    { title: '备份', text: saved ? `封存包已写入 ${seal.copies} 处并读回核对` : `封存包已写入 ${seal.copies} 处，共 ${seal.locations} 处，系统会重试`, state: saved ? 'done' : 'waiting' },
    { title: '见证', text: '简码已发到评定人、领导和财务审计的消息里', state: 'done' },
    { title: '报告', text: reports ? `已生成 ${reports} 个文件，见下方“报告”` : '正在生成，一般一两分钟', state: reports ? 'done' : 'waiting' },
    { title: '核对', text: seal.incidents ? `${seal.incidents} 处与封存时不同，请打开“封存核验”` : sound, state: seal.incidents ? 'wrong' : seal.checked_at ? 'done' : 'waiting' },
  ]
}
