import type { CycleDetail, CyclePosition } from '@/shared/api/types'
import { formatDateTime } from './dates'
import type { Tone } from './labels'

/** The program is working on this step: a job not finished yet. Opening the reviews is a job too, the reviewing is not. */
function isAtWork(one: CyclePosition): boolean {
  return one.status === 'active' && one.job !== null && one.job.progress < 100
}

function statusText(one: CyclePosition, counts: CycleDetail['counts']): string {
  const { text } = STATUS[one.status]
  if (one.node !== 'review_statements' || one.status !== 'active' || counts.statements === 0) return text
  return `已审结 ${counts.approved + counts.excluded} / ${counts.statements}`
}

/** A job that failed or was stopped: what happens next, and whom to tell. */
function noteOf(one: CyclePosition): string {
  if (one.status === 'stopped') return `系统管理员已停止该作业：${one.job?.cancel_reason ?? ''}`
  if (!one.job?.incident) return ''
  if (one.job.next_at) return `出错编号 ${one.job.incident}，${formatDateTime(one.job.next_at)} 自动重试`
  return `出错编号 ${one.job.incident}，请联系系统管理员处理后重试`
}

/** One step of the bar above a cycle. Start and end are where the bar begins and stops, not steps. */
export type Step = {
  node: string
  title: string
  status: CyclePosition['status']
  statusText: string
  tone: Tone
  time: string
  progress: number | null
  incident: string
  attempts: number
  /** What the person at the screen should know beside the state, in a sentence. */
  note: string
}

const STATUS: Record<CyclePosition['status'], { text: string; tone: Tone }> = {
  done: { text: '已完成', tone: 'success' },
  active: { text: '进行中', tone: 'primary' },
  waiting: { text: '未开始', tone: 'info' },
  error: { text: '出错', tone: 'danger' },
  stopped: { text: '已停止', tone: 'warning' },
}

export function stepsOf(position: readonly CyclePosition[], counts: CycleDetail['counts']): Step[] {
  return position
    .filter((one) => one.node !== 'start' && one.node !== 'end')
    .map((one) => ({
      node: one.node,
      title: one.title,
      status: one.status,
      statusText: statusText(one, counts),
      tone: STATUS[one.status].tone,
      time: one.finished_at ? formatDateTime(one.finished_at) : one.started_at ? `${formatDateTime(one.started_at)} 起` : '',
      progress: isAtWork(one) ? (one.job?.progress ?? null) : null,
      incident: one.job?.incident ?? '',
      attempts: one.job?.attempts ?? 0,
      note: noteOf(one),
    }))
}

/** Changes whenever the chart does, so that the picture is fetched again exactly then. */
export function positionVersion(position: readonly CyclePosition[]): string {
  return position.map((one) => `${one.node}:${one.status}`).join(',')
}

/** A background job is at work: look often. Otherwise people set the pace. */
export function isBusy(position: readonly CyclePosition[]): boolean {
  return position.some(isAtWork)
}

/** The cycle has ended and will not move again. */
export function isFinished(position: readonly CyclePosition[]): boolean {
  return position.length > 0 && position.every((one) => one.status === 'done')
}
