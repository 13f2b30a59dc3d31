import type { Line, Payment } from '@/shared/api/types'
import { careModeLabel, classTypeLabel } from './labels'
import { formatYuan } from './money'

/** A statement pays its children, or the institution itself by its places: then it has no child at all. */
type Counted = { children_count: number; places: number }

export const paysInstitution = (one: Counted) => one.children_count === 0 && one.places > 0

/** "12 名婴幼儿" or "30 个托位". */
export function subjectText(one: Counted): string {
  return paysInstitution(one) ? `${one.places} 个托位` : `${one.children_count} 名婴幼儿`
}

export const isOwnLine = (line: Pick<Line, 'child_id'>) => line.child_id === null

/** "王**" or, for the line of the institution itself, what it is paid for. */
export function lineName(line: Pick<Line, 'child_id' | 'child_name'>): string {
  return isOwnLine(line) ? '机构' : line.child_name
}

/** "王**（C0001）" or "机构（30 个托位）". */
export function lineTitle(line: Pick<Line, 'child_id' | 'child_name' | 'child_code' | 'places'>): string {
  return isOwnLine(line) ? `机构（${line.places ?? 0} 个托位）` : `${line.child_name}（${line.child_code}）`
}

/** "托小班 · 全日托" or "30 个托位". */
export function lineKind(line: Pick<Line, 'class_type' | 'care_mode' | 'places'>): string {
  const kinds = [line.class_type && classTypeLabel(line.class_type), line.care_mode && careModeLabel(line.care_mode)]
  return kinds.filter(Boolean).join(' · ') || `${line.places ?? 0} 个托位`
}

/** What the days of a line are called: a child's attendance, an institution's opening. */
export const daysTitle = (line: Pick<Line, 'child_id'>) => (isOwnLine(line) ? '开放 / 工作日' : '实际 / 应考勤')

/** "机构 280.00 元（第 1 期 112.00 元，第 2 期 168.00 元）；家庭 120.00 元…" */
export function paymentsText(payments: readonly Payment[]): string {
  return payments
    .map((one) => {
      const parts = one.amounts.length > 1 ? `（${one.amounts.map((amount, at) => `第 ${at + 1} 期 ${formatYuan(amount)}`).join('，')}）` : ''
      return `${one.title} ${formatYuan(one.total)}${parts}`
    })
    .join('；')
}

/** "机构 280.00 元；家庭 120.00 元": who gets what, without the instalments. */
export const payeesText = (payments: readonly Payment[]) => payments.map((one) => `${one.title} ${formatYuan(one.total)}`).join('；')
