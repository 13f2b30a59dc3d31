import { expect, it } from 'vitest'
import { addStart, alignChanged, draftOf, firstSpans, isChanged, monthsBetween, rateTitle, schemeContent, schemeEventLabel, schemeStateLabel, signed, sortRates, type RateFields, draftHead } from './scheme'
import { axesOf, axisValue, ruleSummary } from './schemeRule'

const DEMO = {
  format: 1,
  unit: 'child_month',
  axes: ['care_mode', 'grade', 'class_type'],
  grades: ['city_model', 'level_1', { code: 'star', name: '五星级' }],
  eligibility: { grades: ['level_1', 'star'], care_modes: ['full_day'], age: { to_months: 36, measured: 'any_day', grace_until: '08-31' } },
  attendance: { basis: 'attended_workdays', evidence: 'in_and_out', not_captured: 'not_counted' },
  factor: { family: 'ratio', divisor: 'required' },
  mid_month: { entry: 'whole', leaving: 'whole', change: 'month_start' },
  two_institutions: 'block',
}
const rate = (grade: string, class_type: string, starts_on: string, amount: string | null = '400.00'): RateFields => ({
  keys: { grade, class_type, care_mode: 'full_day' },
  amount,
  document_number: '演示〔2026〕1号',
  clause: '第三条',
  starts_on,
})
const scheme = { name: '托育补助', document_number: '演示〔2026〕1号', starts_on: '2026-01-01', definition: DEMO, rates: [rate('star', 'infant', '2026-01-01'), rate('level_1', 'infant', '2026-07-01', null), rate('level_1', 'infant', '2026-01-01')] }

it('reads the rule in Chinese', () => {
  expect(Object.fromEntries(ruleSummary(DEMO).map((one) => [one.title, one.text]))).toEqual({
    计补单位: '每名婴幼儿每月',
    可补对象: '等级：一级、五星级；托育方式：全日托；月龄：未满 36 个月（按当月任一天计），满龄后可延至 8月31日',
    出勤认定: '实际出勤的工作日；须同日有入园和离园打卡；未采集的日子不计',
    出勤系数: '出勤天数 ÷ 应考勤天数，最多按 1 计',
    月中变动: '入托按整月；离托按整月；等级或班型变动按月初情况',
    同月两家机构: '须经人工决定由哪家机构领取，未决定不能通过',
    上限: '无',
    取整: '到 0.01 元，四舍五入',
    领取方: '机构 1',
    资金分担: '县级 1',
  })
})

it.each([
  [{ family: 'threshold', days: 15, below: '0.5' }, '满 15 天按全额，不满的按 0.5 倍'],
  [{ family: 'threshold', days: 10 }, '满 10 天按全额，不满的按 0 倍'],
  [{ family: 'threshold_days', days: 15, divisor: '21.75' }, '满 15 天按全额，不满的按天数 ÷ 21.75 天'],
  [{ family: 'ratio', capped: false, divisor: 'workdays' }, '出勤天数 ÷ 当月工作日数，不封顶'],
  [{ family: 'tiers', steps: [{ from: 0, factor: 0 }, { from: 10, factor: '0.5' }] }, '天数从 0 起按 0 倍；天数从 10 起按 0.5 倍'],
  [{ family: 'month_count' }, '当月满 1 天计一个月'],
  [{ family: 'long_window', window: 'term', months: 4, average: 15 }, '一个学期内满 4 个月、月均满 15 天'],
])('says the factor %j', (factor, text) => {
  expect(ruleSummary({ ...DEMO, factor }).find((one) => one.title === '出勤系数')?.text).toBe(text)
})

it('says caps and multipliers, and survives a rule it cannot read', () => {
  const points = ruleSummary({ ...DEMO, caps: { fee: '0.5', months_per_year: 10, places: 'affordable' }, multipliers: [{ axis: 'care_mode', value: 'half_day', factor: '0.5' }] })
  expect(points.find((one) => one.title === '上限')?.text).toBe('不超过实际收费的 0.5 倍；每自然年不超过 10 个月；人数不超过普惠托位数，超出时出勤天数多的优先')
  expect(points.find((one) => one.title === '倍率')?.text).toBe('半日托 × 0.5')
  expect(ruleSummary(null).map((one) => one.title)).toContain('计补单位')
})

it('names axes in one order and values by the rule', () => {
  expect(axesOf(DEMO)).toEqual(['grade', 'class_type', 'care_mode'])
  expect([axisValue('grade', 'star', DEMO), axisValue('grade', '*', DEMO), axisValue('grade', 'other', DEMO)]).toEqual(['五星级', '不限', 'other'])
  expect(rateTitle({ grade: 'level_1', class_type: 'infant' }, DEMO)).toBe('一级 · 乳儿班 · 不限')
  expect(rateTitle({}, {})).toBe('统一标准')
})

it('orders rates as the rule orders grades, then by date', () => {
  expect(sortRates(scheme.rates, DEMO).map((one) => [one.keys.grade, one.starts_on])).toEqual([
    ['level_1', '2026-01-01'],
    ['level_1', '2026-07-01'],
    ['star', '2026-01-01'],
  ])
  expect(firstSpans(['一级', '一级', '二级', '一级'])).toEqual([2, 0, 1, 1])
})

it('gives back what was stored when nothing is changed', () => {
  expect(schemeContent(draftOf(scheme), DEMO)).toEqual({
    ok: true,
    content: { name: scheme.name, document_number: scheme.document_number, starts_on: scheme.starts_on, rates: sortRates(scheme.rates, DEMO) },
  })
})

it.each(['', '-1', '1e500', '４００', 'NaN', '1.234', '123456789'])('refuses the amount "%s" and names the row', (amount) => {
  const draft = draftOf(scheme)
  draft.rates[0]!.amount = amount
  const checked = schemeContent(draft, DEMO)
  expect(checked.ok ? '' : checked.missing).toBe('一级 · 乳儿班 · 全日托：金额请用半角数字填写，不为负，最多两位小数；停止补助请勾选“废止”。')
})

it('refuses two rates of one kind on one day, and blanks', () => {
  const twice = draftOf(scheme)
  twice.rates[1]!.starts_on = '2026-01-01'
  expect(schemeContent(twice, DEMO)).toEqual({ ok: false, missing: '一级 · 乳儿班 · 全日托：2026-01-01 有两条标准，请改起始日或删除一条。' })
  expect(schemeContent({ ...draftOf(scheme), document_number: ' ' }, DEMO)).toEqual({ ok: false, missing: '请填写方案文号。' })
})

it('says states, events and directions', () => {
  expect([schemeStateLabel('draft').text, schemeStateLabel('released').text, schemeEventLabel('checked')]).toEqual(['草稿', '已发布', '试算核对'])
  expect(['1,200.00', '-3.00', '0.00', '0.05', '—'].map(signed)).toEqual(['+1,200.00', '-3.00', '0.00', '+0.05', '—'])
})

it('marks changed amounts and gives them the document and date of the scheme', () => {
  const draft = { ...draftOf(scheme), document_number: '演示〔2027〕2号', starts_on: '2027-01-01' }
  draft.rates[0]!.amount = '400'
  draft.rates[2]!.amount = '450'
  expect(draft.rates.map(isChanged)).toEqual([false, false, true])
  expect(alignChanged(draft).rates.map((one) => [one.document_number, one.starts_on])).toEqual([
    ['演示〔2026〕1号', '2026-01-01'],
    ['演示〔2026〕1号', '2026-07-01'],
    ['演示〔2027〕2号', '2027-01-01'],
  ])
})

it('adds a start date below the row it continues', () => {
  const draft = addStart({ ...draftOf(scheme), starts_on: '2027-01-01' }, 0)
  expect(draft.rates.map((one) => [one.starts_on, isChanged(one)])).toEqual([
    ['2026-01-01', false],
    ['2027-01-01', true],
    ['2026-07-01', false],
    ['2026-01-01', false],
  ])
})

it('counts months over the turn of a year', () => {
  expect(monthsBetween('2025-11', '2026-02')).toEqual(['2025-11', '2025-12', '2026-01', '2026-02'])
  expect([monthsBetween('2026-02', '2026-01'), monthsBetween('', '2026-01')]).toEqual([[], []])
})

it('names a draft from a file after its latest standard', () => {
  const rates = [
    { document_number: '旧〔2025〕1号', starts_on: '2025-01-01' },
    { document_number: '新〔2026〕2号', starts_on: '2026-09-01' },
  ]
  expect(draftHead('按天补助', rates)).toEqual({ name: '按天补助', document_number: '新〔2026〕2号', starts_on: '2026-09-01' })
  expect(draftHead('长'.repeat(200), [])).toEqual({ name: '长'.repeat(120), document_number: '', starts_on: '' })
})
