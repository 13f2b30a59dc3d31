import type { RequiredDaysInput } from '@/shared/api/types'

export type OverrideDraft = { institution_id: number | undefined; days: number | undefined; reason: string }
export type DaysDraft = { days: number | undefined; reason: string; overrides: OverrideDraft[] }
export type Checked = { ok: true; input: RequiredDaysInput } | { ok: false; missing: string }

const REASON_MIN = 5

/** A form that can be sent, or the one sentence that says what is missing. The server checks again. */
export function requiredDaysInput(draft: DaysDraft, byCalendar: number | null, daysOfMonth: number): Checked {
  const no = (missing: string): Checked => ({ ok: false, missing })
  const { days } = draft
  const reason = draft.reason.trim()
  if (days === undefined || days === null || days < 1 || days > daysOfMonth) return no(`请填写应考勤天数（1 至 ${daysOfMonth} 天）。`)
  if (days !== byCalendar && reason.length < REASON_MIN) {
    return no(byCalendar === null ? '没有默认值，请写明天数的依据（至少 5 个字）。' : `与默认值 ${byCalendar} 天不同，请写明理由（至少 5 个字）。`)
  }
  const overrides: NonNullable<RequiredDaysInput['overrides']> = []
  for (const [index, row] of draft.overrides.entries()) {
    const place = `单独设置第 ${index + 1} 行：`
    if (row.institution_id === undefined) return no(`${place}请选择机构。`)
    if (overrides.some((one) => one.institution_id === row.institution_id)) return no(`${place}这家机构已在上面设置。`)
    if (row.days === undefined || row.days === null || row.days < 0 || row.days > daysOfMonth) return no(`${place}请填写天数。`)
    if (row.reason.trim().length < REASON_MIN) return no(`${place}请写明理由（至少 5 个字）。`)
    overrides.push({ institution_id: row.institution_id, days: row.days, reason: row.reason.trim() })
  }
  return { ok: true, input: { days, reason, overrides } }
}
