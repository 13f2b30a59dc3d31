import type { AlertDetail, AlertSettle, CorrectionPropose, EvidencePunch, EvidenceVisit } from '@/shared/api/types'
import { formatDay, formatTime } from './dates'
import { directionLabel } from './labels'

export const OUTCOMES: readonly { value: AlertSettle['outcome']; title: string; note: string }[] = [
  { value: 'confirmed', title: '属实', note: '情况确实存在，由审核环节据此退回或不纳入' },
  { value: 'dismissed', title: '排除', note: '核实后没有问题，例如正常转托' },
  { value: 'corrected', title: '已更正', note: '考勤更正后情况已消除' },
]

export type AlertKey = 'next' | 'previous' | 'confirm' | 'dismiss' | 'help' | 'back'

const KEYS: Record<string, AlertKey> = { j: 'next', k: 'previous', c: 'confirm', d: 'dismiss', '?': 'help', Escape: 'back' }

/** What a key means on an alert; nothing while somebody is typing, or with Ctrl, Alt or Meta held. */
export function alertKey(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'altKey' | 'metaKey'>, typing: boolean): AlertKey | null {
  if (typing || event.ctrlKey || event.altKey || event.metaKey) return null
  return KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key] ?? null
}

/** Ids beside the one shown, in the order of the list. */
export function neighbours(ids: readonly number[], current: number): { position: number; previous: number | null; next: number | null } {
  const position = ids.indexOf(current)
  if (position < 0) return { position: 0, previous: null, next: ids[0] ?? null }
  return { position: position + 1, previous: ids[position - 1] ?? null, next: ids[position + 1] ?? null }
}

export type ShownPhoto = { url: string; caption: string; stamp: string }

/** Photos behind an alert with their institution, child, day and second, in the order of the evidence. */
export function photosOf(visits: readonly EvidenceVisit[]): ShownPhoto[] {
  return visits.flatMap((visit) => visit.punches.flatMap((punch) => (punch.photo_url ? [shown(visit, punch, punch.photo_url)] : [])))
}

function shown(visit: EvidenceVisit, punch: EvidencePunch, url: string): ShownPhoto {
  return {
    url,
    caption: `${visit.institution.name} · ${visit.child.name}（${visit.child.code}）`,
    stamp: `${formatDay(visit.date)} ${formatTime(punch.happened_at, true)} ${directionLabel(punch.direction)}`,
  }
}

/** "3 分", "1 小时 05 分"; a rule nobody spent time on has none. */
export function minutesText(seconds: number): string {
  if (seconds === 0) return '—'
  const minutes = Math.max(1, Math.round(seconds / 60))
  return minutes < 60 ? `${minutes} 分` : `${Math.floor(minutes / 60)} 小时 ${String(minutes % 60).padStart(2, '0')} 分`
}

/** "8、9、12": days of one month without its name. */
export function dayNumbers(dates: readonly string[]): string {
  return dates.map((date) => String(Number(date.slice(8)))).join('、')
}

/** A child's day at an institution, as a correction names it. */
export type CorrectionDay = Pick<EvidenceVisit, 'child' | 'institution' | 'date'>

/** Both kinds may be asked for; the one that answers the alert comes first. */
export function correctionKinds(correctedAs: AlertDetail['corrected_as']): CorrectionPropose['kind'][] {
  return correctedAs.includes('present') ? ['present', 'absent'] : ['absent', 'present']
}
