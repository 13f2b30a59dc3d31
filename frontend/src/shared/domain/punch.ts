import type { Punch } from '@/shared/api/types'

const LATE_AFTER_MS = 24 * 60 * 60 * 1000

/** A punch that reached the system more than a day after it happened; worth saying, since it may have moved a figure. */
export function isLate(punch: Pick<Punch, 'happened_at' | 'arrived_at'>): boolean {
  return new Date(punch.arrived_at).getTime() - new Date(punch.happened_at).getTime() > LATE_AFTER_MS
}
