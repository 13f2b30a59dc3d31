import type { CyclePosition } from '@/shared/api/types'
import { formatDateTime } from './dates'
import type { Tone } from './labels'

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
}

const STATUS: Record<CyclePosition['status'], { text: string; tone: Tone }> = {
  done: { text: '已完成', tone: 'success' },
  active: { text: '进行中', tone: 'primary' },
  waiting: { text: '未开始', tone: 'info' },
  error: { text: '出错', tone: 'danger' },
}

export function stepsOf(position: readonly CyclePosition[]): Step[] {
  return position
    .filter((one) => one.node !== 'start' && one.node !== 'end')
    .map((one) => ({
      node: one.node,
      title: one.title,
      status: one.status,
      statusText: STATUS[one.status].text,
      tone: STATUS[one.status].tone,
      time: one.finished_at ? formatDateTime(one.finished_at) : one.started_at ? `${formatDateTime(one.started_at)} 起` : '',
      progress: one.status === 'active' && one.job ? one.job.progress : null,
      incident: one.job?.incident ?? '',
      attempts: one.job?.attempts ?? 0,
    }))
}

/** Changes whenever the chart does, so that the picture is fetched again exactly then. */
export function positionVersion(position: readonly CyclePosition[]): string {
  return position.map((one) => `${one.node}:${one.status}`).join(',')
}

/** A background job is at work: look often. Otherwise people set the pace. */
export function isBusy(position: readonly CyclePosition[]): boolean {
  return position.some((one) => one.status === 'active' && one.job !== null)
}

/** The cycle has ended and will not move again. */
export function isFinished(position: readonly CyclePosition[]): boolean {
  return position.length > 0 && position.every((one) => one.status === 'done')
}
