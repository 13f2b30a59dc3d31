import type { SeveralInstitutionsEvidence } from '@/shared/api/types'

export type StayCell = 'none' | 'present' | 'meets'
export type StayRow = { id: number; name: string; days: number; cells: StayCell[] }

/** Days of the month a child was at each institution, side by side; `meets` where two claim the same day. */
export function stayGrid(evidence: SeveralInstitutionsEvidence): { days: string[]; rows: StayRow[] } {
  const first = evidence.stays[0]?.first_date
  if (!first) return { days: [], rows: [] }
  const [year = 0, month = 1] = first.split('-').map(Number)
  const length = new Date(Date.UTC(year, month, 0)).getUTCDate()
  const days = Array.from({ length }, (_, index) => `${first.slice(0, 8)}${String(index + 1).padStart(2, '0')}`)
  const meeting = new Set(evidence.overlapping_dates)
  const rows = evidence.stays.map((stay): StayRow => {
    const dates = new Set(stay.dates)
    return {
      id: stay.institution.id,
      name: stay.institution.name,
      days: stay.days,
      cells: days.map((day) => (!dates.has(day) ? 'none' : meeting.has(day) ? 'meets' : 'present')),
    }
  })
  return { days, rows }
}
