import { expect, it } from 'vitest'
import type { CyclePosition, CyclePreflight } from '@/shared/api/types'
import { decisionLabel, roleLabel, townshipText } from './labels'
import { diagramUrl, reportUrl, routeOf, templateUrl } from './links'
import { isBusy, isFinished, positionVersion, stepsOf } from './position'
import { preflight } from './preflight'
import { requiredDaysInput } from './requiredDays'
import { stayGrid } from './stays'

const counts = { statements: 52, approved: 17, excluded: 1, returned: 2, open: 34 }
const at = (node: CyclePosition['node'], status: CyclePosition['status'], progress?: number): CyclePosition => ({
  node,
  title: node,
  status,
  started_at: status === 'waiting' ? null : '2026-11-01T01:00:00Z',
  finished_at: status === 'done' ? '2026-11-01T02:00:00Z' : null,
  job: progress === undefined ? null : { run_id: 1, progress, attempts: 1, incident: status === 'error' ? 'INC1' : '', next_at: null, cancel_reason: status === 'stopped' ? '停机维护' : '' },
})

it('turns a position into steps, start and end left out', () => {
  const steps = stepsOf([at('start', 'done'), at('set_attendance_days', 'done'), at('calculate', 'active', 46), at('warn', 'error', 10), at('end', 'waiting')], counts)
  expect(steps.map((one) => [one.node, one.statusText, one.tone, one.time, one.progress, one.incident])).toEqual([
    ['set_attendance_days', '已完成', 'success', '2026-11-01 10:00', null, ''],
    ['calculate', '进行中', 'primary', '2026-11-01 09:00 起', 46, ''],
    ['warn', '出错', 'danger', '2026-11-01 09:00 起', null, 'INC1'],
  ])
})

it('says what happens to a job that failed or was stopped', () => {
  const [failed, stopped] = stepsOf([at('calculate', 'error', 10), at('warn', 'stopped', 10)], counts)
  expect(failed?.note).toBe('出错编号 INC1，请联系系统管理员处理后重试')
  expect([stopped?.statusText, stopped?.note]).toEqual(['已停止', '系统管理员已停止该作业：停机维护'])
})

it('counts the reviews instead of showing the job that opened them', () => {
  const review = [at('review_statements', 'active', 100)]
  expect(stepsOf(review, counts).map((one) => [one.statusText, one.progress])).toEqual([['已审结 18 / 52', null]])
  expect(isBusy(review)).toBe(false)
  expect(isBusy([at('review_statements', 'active', 40)])).toBe(true)
  expect(isBusy([at('calculate', 'active', 0)])).toBe(true)
  expect(isBusy([at('evaluate', 'active')])).toBe(false)
})

it('asks for the chart again when the position moves, and stops at the end', () => {
  expect(positionVersion([at('start', 'done'), at('evaluate', 'active')])).toBe('start:done,evaluate:active')
  expect([isFinished([]), isFinished([at('end', 'done')]), isFinished([at('end', 'active')])]).toEqual([false, true, false])
})

it('builds addresses that carry ids only', () => {
  expect(diagramUrl(3, 'a:done,b')).toBe('/api/v1/cycles/3/diagram.svg?v=a%3Adone%2Cb')
  expect(reportUrl(9)).toBe('/api/v1/reports/9/file')
  expect(templateUrl('children', 'xlsx')).toBe('/api/v1/import-templates/children.xlsx')
})

it('follows our own routes only', () => {
  expect(['/tasks/12', '#/tasks?box=queue', '//evil.example', 'https://evil.example', 'javascript:alert(1)', '', '/a/"><script>'].map(routeOf)).toEqual([
    '/tasks/12',
    '/tasks?box=queue',
    null,
    null,
    null,
    null,
    null,
  ])
})

it('says Chinese words for codes and the code itself for an unknown one', () => {
  expect([roleLabel('evaluator'), roleLabel('toString'), decisionLabel('returned').text, decisionLabel('later')]).toEqual(['评定人', 'toString', '退回', { text: 'later', tone: 'info' }])
  expect([townshipText('三江街道'), townshipText('')]).toEqual(['三江街道', '乡镇街道待补'])
})

it('lays stays out day by day and marks the days that meet', () => {
  const stay = (id: number, dates: string[]) => ({ institution: { id, name: `机构${id}` }, days: dates.length, first_date: dates[0]!, last_date: dates[dates.length - 1]!, dates })
  const evidence = { kind: 'overlap' as const, stays: [stay(1, ['2026-10-08', '2026-10-10']), stay(2, ['2026-10-10'])], overlapping_dates: ['2026-10-10'], enrolments: [] }
  const { days, rows } = stayGrid(evidence)
  expect([days[0], days.length, days[30]]).toEqual(['2026-10-01', 31, '2026-10-31'])
  expect(rows.map((row) => [row.name, row.cells.flatMap((cell, index) => (cell === 'none' ? [] : [`${index + 1}:${cell}`]))])).toEqual([
    ['机构1', ['8:present', '10:meets']],
    ['机构2', ['10:meets']],
  ])
})

it('checks the month before sealing', () => {
  const month: CyclePreflight = {
    cycle_id: 1, county_name: '嵊州市', month: '2026-10', scheme_name: '方案', document_number: '12号', required_days: 18, content_hash: 'a', ready: true,
    blockers: [], excluded: [], duties: [], breaches: [], changed: [], adjustments: [], adjustments_amount: '0.00', identity: 'password', identity_until: null,
    totals: { statements: 52, approved: 52, excluded: 0, open: 0, children: 900, paid_children: 880, places: 0, amount: '982150.50' },
    alerts: [{ rule: 'x', title: 'x', total: 3, open: 0, gone: 1, confirmed: 2, dismissed: 0, corrected: 0 }],
    previous: { month: '2026-09', amount: '990000.00', paid_children: 890, statements: 52, difference: '-7849.50', moved: 0, moves: [] },
  }
  expect(preflight(month).map((one) => one.state)).toEqual(Array.from({ length: 10 }, () => 'ok'))
  const texts = new Map(preflight(month).map((one) => [one.title, one.text]))
  expect(texts.get('与上月相比')).toBe('2026年9月 990,000.00 元，本月减少 7,849.50 元')
  expect(texts.get('预警')).toBe('共 3 条：属实 2，已消除 1')
  const open = preflight({ ...month, ready: false, previous: null, totals: { ...month.totals, open: 34 }, blockers: [{ code: 'statements_open', message: '34 份结算单尚未审结', count: 34 }], breaches: ['甲既初审又评定'] })
  expect(open.filter((one) => one.state === 'stop').map((one) => [one.title, one.text])).toEqual([
    ['结算单', '共 52 份，还有 34 份在审核中'],
    ['职责分离', '1 处兼任不相容职责，见下'],
  ])
  const stopped = preflight({
    ...month,
    ready: false,
    blockers: [
      { code: 'open_alerts', message: '2 条预警未处置', count: 2 },
      { code: 'amount_moved', message: '1 份结算单的金额在县级审核后变动', count: 1 },
      { code: 'pending_corrections', message: '1 条考勤更正待核', count: 1 },
    ],
    alerts: [{ rule: 'x', title: 'x', total: 4, open: 2, gone: 0, confirmed: 1, dismissed: 1, corrected: 0 }],
    changed: [{ statement_id: 1, institution_name: '茉莉', approved_amount: '1.00', amount: '2.00' }],
  })
  expect(stopped.filter((one) => one.state === 'stop').map((one) => [one.title, one.text])).toEqual([
    ['不可评定', '1 条考勤更正待核'],
    ['预警', '共 4 条：待处置 2，属实 1，排除 1；2 条预警未处置，须先处置或放行'],
    ['审核后的变化', '1 份结算单在县级审核后内容有变，见下'],
  ])
})

it('takes the calendar value without a reason, another only with one', () => {
  const draft = { days: 18, reason: '', overrides: [] }
  expect(requiredDaysInput(draft, 18, 31)).toEqual({ ok: true, input: { days: 18, reason: '', overrides: [] } })
  expect(requiredDaysInput({ ...draft, days: 17 }, 18, 31)).toEqual({ ok: false, missing: '与默认值 18 天不同，请写明理由（至少 5 个字）。' })
  expect(requiredDaysInput({ ...draft, days: 17, reason: ' 台风停课一天 ' }, 18, 31)).toEqual({ ok: true, input: { days: 17, reason: '台风停课一天', overrides: [] } })
  expect(requiredDaysInput(draft, null, 31)).toEqual({ ok: false, missing: '没有默认值，请写明天数的依据（至少 5 个字）。' })
  expect(requiredDaysInput({ ...draft, days: undefined }, 18, 31)).toEqual({ ok: false, missing: '请填写应考勤天数（1 至 31 天）。' })
  expect(requiredDaysInput({ ...draft, days: 32 }, 18, 31).ok).toBe(false)
})

it('checks each institution of its own days', () => {
  const row = { institution_id: 4, days: 10, reason: '上半月停业装修' }
  const of = (...overrides: { institution_id: number | undefined; days: number | undefined; reason: string }[]) => requiredDaysInput({ days: 18, reason: '', overrides }, 18, 31)
  expect(of(row)).toEqual({ ok: true, input: { days: 18, reason: '', overrides: [row] } })
  expect(of(row, row)).toEqual({ ok: false, missing: '单独设置第 2 行：这家机构已在上面设置。' })
  expect(of({ ...row, institution_id: undefined })).toEqual({ ok: false, missing: '单独设置第 1 行：请选择机构。' })
  expect(of({ ...row, days: undefined })).toEqual({ ok: false, missing: '单独设置第 1 行：请填写天数。' })
  expect(of({ ...row, reason: '停业' })).toEqual({ ok: false, missing: '单独设置第 1 行：请写明理由（至少 5 个字）。' })
})
