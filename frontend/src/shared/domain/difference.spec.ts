import { expect, it } from 'vitest'
import type { DifferenceRow } from '@/shared/api/types'
import { changedOf, groupsOf, valueText } from './difference'
import { problemOf } from './problem'

const row = (change: Partial<DifferenceRow>): DifferenceRow => ({ group: 'child', ref: 7, statement_id: 0, subject: '王**（C7）', what: '应补金额', before: '0.00', after: '1400.00', format: 'money', ...change })
const difference = (change: object) => ({ seen_hash: 'a', content_hash: 'b', known: true, summary: '', rows: [row({})], left_off: 0, ...change })

it('reads the difference out of a refusal', () => {
  const problem = problemOf(409, { code: 'content_changed', details: { content_hash: 'b', difference: difference({}), blockers: [{ code: 'open_alerts', message: '1 条预警未处置', count: 1 }] } })
  expect(changedOf(problem)).toEqual({ difference: difference({}), contentHash: 'b', blockers: ['1 条预警未处置'] })
})

it('asks for a look at the whole page when the version seen is not known, or nothing is told', () => {
  const unknown = problemOf(409, { code: 'content_changed', details: { content_hash: 'b', difference: difference({ known: false, rows: [] }), blockers: [] } })
  expect(changedOf(unknown)).toEqual({ difference: null, contentHash: 'b', blockers: [] })
  expect(changedOf(problemOf(409, { code: 'content_changed' }))).toEqual({ difference: null, contentHash: '', blockers: [] })
})

it('writes amounts and days for people and leaves words alone', () => {
  expect([row({}), row({ format: 'days' }), row({ format: 'text' })].map((one) => valueText(one, '1400.00'))).toEqual(['1,400.00 元', '1400.00 天', '1400.00'])
  expect([valueText(row({}), '无'), valueText(row({ format: 'days' }), '16')]).toEqual(['无', '16 天'])
})

it('puts rows under their heading and their child, in the order sent', () => {
  const rows = [row({ group: 'figures', subject: '合计' }), row({}), row({ group: 'alert', subject: '人数异常' }), row({ what: '9 日' }), row({ subject: '李**（C8）' })]
  expect(groupsOf(rows).map((group) => [group.title, group.subjects.map((one) => [one.subject, one.rows.length])])).toEqual([
    ['合计', [['合计', 1]]],
    ['婴幼儿', [['王**（C7）', 2], ['李**（C8）', 1]]],
    ['预警', [['人数异常', 1]]],
  ])
})
