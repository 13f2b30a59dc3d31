/** Life and rates of a scheme as the console shows and edits them. Amounts stay text. */
import type { Label } from './labels'
import { formatAmount } from './money'
import { isMonth, nextMonth } from './month'
import { axesOf, axisRank, axisTitle, axisValue } from './schemeRule'

/** A value (or `*`) for every axis of the scheme. */
export type RateKeys = Record<string, unknown>
/** One standard as stored; `amount` null means abolished from `starts_on` on. */
export type RateFields = { keys: RateKeys; amount: string | null; document_number: string; clause?: string; starts_on: string }
/** `was`: the amount as stored, null when abolished, undefined for a row added in the form. */
export type RateDraft = { keys: RateKeys; was: string | null | undefined; amount: string; abolished: boolean; document_number: string; clause: string; starts_on: string }
export type SchemeDraft = { name: string; document_number: string; starts_on: string; rates: RateDraft[] }
export type SchemeContent = { name: string; document_number: string; starts_on: string; rates: RateFields[] }
export type CheckedScheme = { ok: true; content: SchemeContent } | { ok: false; missing: string }

export function schemeStateLabel(state: string): Label {
  return state === 'released' ? { text: '已发布', tone: 'success' } : { text: '草稿', tone: 'warning' }
}

const EVENTS: Record<string, string> = { drafted: '起草', edited: '修改', checked: '试算核对', released: '发布' }
export const schemeEventLabel = (kind: string): string => EVENTS[kind] ?? kind

const AMOUNT = /^\d{1,8}(\.\d{1,2})?$/
const DATE = /^\d{4}-\d{2}-\d{2}$/

export function keyOf(keys: RateKeys, axis: string): string {
  const value = keys[axis]
  return typeof value === 'string' ? value : '*'
}

/** "一级 · 托小班 · 全日托". */
export function rateTitle(keys: RateKeys, definition: unknown): string {
  const named = axesOf(definition).map((axis) => axisValue(axis, keyOf(keys, axis), definition))
  return named.join(' · ') || '统一标准'
}

/** Rates in the rule's own order, older start dates first; the order of the table and of the form. */
export function sortRates<T extends Pick<RateFields, 'keys' | 'starts_on'>>(rates: readonly T[], definition: unknown): T[] {
  const axes = axesOf(definition)
  return [...rates].sort((a, b) => {
    for (const axis of axes) {
      const difference = axisRank(axis, keyOf(a.keys, axis), definition) - axisRank(axis, keyOf(b.keys, axis), definition)
      if (difference) return difference
    }
    return a.starts_on < b.starts_on ? -1 : a.starts_on > b.starts_on ? 1 : 0
  })
}

/** How many rows the first cell of each row spans; 0 where the cell above covers it. */
export function firstSpans(firsts: readonly string[]): number[] {
  return firsts.map((value, index) => {
    if (index > 0 && firsts[index - 1] === value) return 0
    const end = firsts.findIndex((other, at) => at > index && other !== value)
    return (end < 0 ? firsts.length : end) - index
  })
}

export const axisTitles = (definition: unknown): string[] => axesOf(definition).map(axisTitle)

export function draftOf(scheme: SchemeContent & { definition: unknown }): SchemeDraft {
  return {
    name: scheme.name,
    document_number: scheme.document_number,
    starts_on: scheme.starts_on,
    rates: sortRates(scheme.rates, scheme.definition).map((rate) => ({
      keys: { ...rate.keys },
      was: rate.amount,
      amount: rate.amount ?? '',
      abolished: rate.amount === null,
      document_number: rate.document_number,
      clause: rate.clause ?? '',
      starts_on: rate.starts_on,
    })),
  }
}

export function isChanged(rate: RateDraft): boolean {
  if (rate.was === undefined) return true
  return rate.abolished ? rate.was !== null : rate.was === null || formatAmount(rate.amount.trim()) !== formatAmount(rate.was)
}

/** Rates with another amount take the document number and start date of the scheme. */
export function alignChanged(draft: SchemeDraft): SchemeDraft {
  const { document_number, starts_on } = draft
  return { ...draft, rates: draft.rates.map((rate) => (isChanged(rate) ? { ...rate, document_number, starts_on } : rate)) }
}

/** One more start date for the same kind of child: the row before stays as it is. */
export function addStart(draft: SchemeDraft, index: number): SchemeDraft {
  const rate = draft.rates[index]
  if (!rate) return draft
  const added: RateDraft = { ...rate, was: undefined, starts_on: draft.starts_on === rate.starts_on ? '' : draft.starts_on, document_number: draft.document_number }
  return { ...draft, rates: [...draft.rates.slice(0, index + 1), added, ...draft.rates.slice(index + 1)] }
}

/** Months from `first` to `last`, both included; none when they are not months in order. */
export function monthsBetween(first: string, last: string): string[] {
  const months: string[] = []
  if (!isMonth(first) || !isMonth(last)) return months
  for (let month = first; month <= last && months.length < 120; month = nextMonth(month)) months.push(month)
  return months
}

/** A form that can be sent, or the one sentence that says what is missing. The server checks again. */
export function schemeContent(draft: SchemeDraft, definition: unknown): CheckedScheme {
  const no = (missing: string): CheckedScheme => ({ ok: false, missing })
  if (!draft.name.trim()) return no('请填写方案名称。')
  if (!draft.document_number.trim()) return no('请填写方案文号。')
  if (!DATE.test(draft.starts_on ?? '')) return no('请选择方案起始日。')
  const rates: RateFields[] = []
  const seen = new Set<string>()
  for (const rate of draft.rates) {
    const place = `${rateTitle(rate.keys, definition)}：`
    const amount = rate.amount.trim()
    if (!rate.abolished && !AMOUNT.test(amount)) return no(`${place}金额请用半角数字填写，不为负，最多两位小数；停止补助请勾选“废止”。`)
    if (!rate.document_number.trim()) return no(`${place}请填写文号。`)
    if (!DATE.test(rate.starts_on ?? '')) return no(`${place}请选择起始日。`)
    const key = JSON.stringify([rateTitle(rate.keys, definition), rate.starts_on])
    if (seen.has(key)) return no(`${place}${rate.starts_on} 有两条标准，请改起始日或删除一条。`)
    seen.add(key)
    rates.push({
      keys: { ...rate.keys },
      amount: rate.abolished ? null : amount,
      document_number: rate.document_number.trim(),
      clause: rate.clause.trim(),
      starts_on: rate.starts_on,
    })
  }
  return { ok: true, content: { name: draft.name.trim(), document_number: draft.document_number.trim(), starts_on: draft.starts_on, rates } }
}

/** "+1,200.00", "-3.00", "0.00": a difference says its direction. */
export function signed(formatted: string): string {
  return /^[1-9]|^0.*[1-9]/.test(formatted) ? `+${formatted}` : formatted
}

/** What a draft made from a scenario file is called unless somebody says otherwise: the latest standard gives date and document. */
export function draftHead(name: string, rates: readonly Pick<RateFields, 'document_number' | 'starts_on'>[]): Pick<SchemeContent, 'name' | 'document_number' | 'starts_on'> {
  const latest = [...rates].sort((a, b) => (a.starts_on < b.starts_on ? 1 : a.starts_on > b.starts_on ? -1 : 0))[0]
  return { name: name.slice(0, 120), document_number: latest?.document_number ?? '', starts_on: latest?.starts_on ?? '' }
}
