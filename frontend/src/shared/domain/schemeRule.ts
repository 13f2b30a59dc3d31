/** A scheme's stored rule as sentences an official reads. The rule itself is only changed by the server. */

export type RulePoint = { title: string; text: string }

type Bag = Record<string, unknown>
const bag = (value: unknown): Bag => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Bag) : {})
const list = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : [])
const text = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '')
const has = (value: unknown): boolean => value !== null && value !== undefined
const word = (table: Record<string, string>, code: unknown): string => {
  const key = text(code)
  return Object.prototype.hasOwnProperty.call(table, key) ? (table[key] as string) : key
}

const AXES: Record<string, string> = {
  grade: '等级',
  class_type: '班型',
  age_band: '月龄档',
  care_mode: '托育方式',
  setting: '机构类型',
  affordable: '普惠',
  household_order: '孩次',
  local_registration: '户籍',
  size_band: '规模档',
}
const GRADES: Record<string, string> = { city_model: '市级示范', level_1: '一级', level_2: '二级', level_3: '三级', ungraded: '未评级' }
const VALUES: Record<string, Record<string, string>> = {
  class_type: { infant: '乳儿班', younger_toddler: '托小班', older_toddler: '托大班', mixed: '混龄班' },
  care_mode: { full_day: '全日托', half_day: '半日托', hourly: '计时托' },
  setting: { independent: '独立托育机构', kindergarten: '幼儿园托育部' },
  affordable: { yes: '普惠', no: '非普惠' },
  local_registration: { yes: '本地户籍', no: '非本地户籍' },
  household_order: { '1': '一孩', '2': '二孩', '3': '三孩', '1+': '不限孩次', '2+': '二孩及以上', '3+': '三孩及以上' },
}
const UNITS: Record<string, string> = {
  child_month: '每名婴幼儿每月',
  child_year: '每名婴幼儿每年',
  child_term: '每名婴幼儿每学期',
  place_month: '每个托位每月',
  place_year: '每个托位每年',
  flat_year: '每家机构每年',
}
const BASES: Record<string, string> = {
  attended_workdays: '实际出勤的工作日',
  attended_days: '实际出勤的全部日子（含周末）',
  enrolled_workdays: '在托期间的工作日',
  enrolled_days: '在托期间的自然日',
}
const MEASURED: Record<string, string> = { month_start: '月初', month_end: '月末', any_day: '当月任一天', higher: '跨档时按较高一档' }
const DIVISORS: Record<string, string> = { required: '应考勤天数', workdays: '当月工作日数', calendar_days: '当月自然日数' }
const PARTS: Record<string, string> = { whole: '按整月', enrolled_workdays: '按在托工作日折算', not_paid: '当月不补' }
const CHANGES: Record<string, string> = {
  month_start: '按月初情况',
  month_end: '按月末情况',
  most_days: '按天数多的情况',
  higher: '按较高标准',
  lower: '按较低标准',
  split: '分段计算',
}
const SHARED: Record<string, string> = { block: '须经人工决定由哪家机构领取，未决定不能通过', most_days: '由出勤天数多的机构领取', first: '由先入托的机构领取', by_days: '按各机构出勤天数分别计算' }
const ROUNDING: Record<string, string> = { half_up: '四舍五入', down: '舍去尾数', up: '进位' }
const WINDOWS: Record<string, string> = { calendar_year: '自然年', school_year: '学年', half_year: '半年', term: '学期' }
const FUNDS: Record<string, string> = { state: '中央', province: '省级', city: '市级', county: '县级', institution: '机构', family: '家庭' }
const CHOICES: Record<string, string> = { most_days: '出勤天数多的优先', earliest_enrolled: '入托早的优先', youngest: '月龄小的优先', highest_amount: '金额高的优先' }

export const axisTitle = (axis: string): string => word(AXES, axis)

/** The axes of a rule in the order of the rates table. */
export function axesOf(definition: unknown): string[] {
  const asked = list(bag(definition).axes)
  return Object.keys(AXES).filter((axis) => asked.includes(axis))
}

function named(items: unknown, codes: string): Record<string, string> {
  return Object.fromEntries(list(items).flatMap((one) => (text(bag(one).code) === codes ? [[codes, text(bag(one).name)]] : [])))
}

/** "level_1" → "一级"; a city's own grades and bands have their names in the rule. */
export function axisValue(axis: string, code: string, definition: unknown): string {
  if (code === '*') return '不限'
  const rule = bag(definition)
  if (axis === 'grade') return word({ ...GRADES, ...named(rule.grades, code) }, code)
  if (axis === 'age_band') return word(named(bag(rule.ages).bands, code), code)
  if (axis === 'size_band') return word(named(bag(rule.sizes).bands, code), code)
  return word(VALUES[axis] ?? {}, code)
}

/** Where a value stands in the rule's own order, so that 示范 comes before 一级. */
export function axisRank(axis: string, code: string, definition: unknown): number {
  const rule = bag(definition)
  const codes = (items: unknown) => list(items).map((one) => text(one) || text(bag(one).code))
  const order = axis === 'grade' ? codes(rule.grades) : axis === 'age_band' ? codes(bag(rule.ages).bands) : axis === 'size_band' ? codes(bag(rule.sizes).bands) : Object.keys(VALUES[axis] ?? {})
  const at = order.indexOf(code)
  return at < 0 ? order.length : at
}

export const unitText = (definition: unknown): string => word(UNITS, bag(definition).unit ?? 'child_month')

function eligibility(rule: Bag): string {
  const who = bag(rule.eligibility)
  const parts: string[] = []
  const among = (key: string, axis: string) => {
    const codes = list(who[key])
    if (codes.length) parts.push(`${axisTitle(axis)}：${codes.map((code) => axisValue(axis, text(code), rule)).join('、')}`)
  }
  among('grades', 'grade')
  among('class_types', 'class_type')
  among('care_modes', 'care_mode')
  among('settings', 'setting')
  if (has(who.affordable)) parts.push(who.affordable ? '仅普惠机构' : '仅非普惠机构')
  if (has(who.local_registration)) parts.push(who.local_registration ? '仅本地户籍' : '仅非本地户籍')
  if (has(who.household_order_from)) parts.push(`第 ${text(who.household_order_from)} 孩起`)
  if (has(who.age)) parts.push(ageText(bag(who.age), rule))
  return parts.join('；') || '在托婴幼儿都可计补'
}

function ageText(age: Bag, rule: Bag): string {
  const from = has(age.from_months) && text(age.from_months) !== '0' ? `${age.from_inclusive === false ? '大于' : '满'} ${text(age.from_months)} 个月，` : ''
  const to = `${age.to_inclusive === true ? '不超过' : '未满'} ${text(age.to_months)} 个月`
  const common = bag(rule.ages).measured ?? 'month_start'
  const measured = age.measured ?? (common === 'higher' ? 'any_day' : common)
  const grace = text(age.grace_until)
  return `月龄：${from}${to}（按${word(MEASURED, measured)}计）${grace ? `，满龄后可延至 ${Number(grace.slice(0, 2))}月${Number(grace.slice(3))}日` : ''}`
}

function attendance(rule: Bag): string {
  const a = bag(rule.attendance)
  const parts = [word(BASES, a.basis ?? 'attended_workdays')]
  const basis = text(a.basis ?? 'attended_workdays')
  if (!basis.startsWith('attended')) return parts.join('；')
  parts.push((a.evidence ?? 'in_and_out') === 'any_punch' ? '有任一次打卡即计' : '须同日有入园和离园打卡')
  if (a.manual === false) parts.push('只有补录打卡的日子不计')
  for (const [mode, stay] of Object.entries(bag(a.stay))) {
    const s = bag(stay)
    parts.push(`${axisValue('care_mode', mode, rule)}满 ${text(s.full_minutes)} 分钟计 1 天${has(s.half_minutes) ? `，满 ${text(s.half_minutes)} 分钟计半天` : ''}`)
  }
  parts.push(word({ not_counted: '未采集的日子不计', counted: '未采集的日子计入', excused: '未采集的日子从应考勤天数中扣除' }, a.not_captured ?? 'not_counted'))
  return parts.join('；')
}

function divisorText(raw: unknown): string {
  const known = word(DIVISORS, raw ?? 'required')
  return /^\d/.test(known) ? `${known} 天` : known
}

function factor(rule: Bag): string {
  const f = bag(rule.factor)
  const days = text(f.days)
  switch (f.family) {
    case 'threshold':
      return `满 ${days} 天按全额，不满的按 ${text(f.below) || '0'} 倍`
    case 'threshold_days':
      return `满 ${days} 天按全额，不满的按天数 ÷ ${divisorText(f.divisor)}`
    case 'ratio':
      return `出勤天数 ÷ ${divisorText(f.divisor)}${f.capped === false ? '，不封顶' : '，最多按 1 计'}`
    case 'tiers':
      return list(f.steps)
        .map((one) => bag(one))
        .map((step) => `${f.of === 'ratio' ? '出勤率' : '天数'}从 ${text(step.from)} 起按 ${text(step.factor)} 倍`)
        .join('；')
    case 'month_count':
      return `当月满 ${days || '1'} 天计一个月`
    case 'long_window':
      return `一个${word(WINDOWS, f.window)}内满 ${text(f.months)} 个月${has(f.average) ? `、月均满 ${text(f.average)} 天` : ''}`
    case 'operating_time':
      return '按开办时间'
    case 'none':
      return '不看出勤'
    default:
      return text(f.family)
  }
}

function caps(rule: Bag): string {
  const c = bag(rule.caps)
  const year = word(WINDOWS, c.year ?? 'calendar_year')
  const parts: string[] = []
  if (has(c.fee)) parts.push(`不超过实际收费的 ${text(c.fee)} 倍`)
  if (has(c.amount_per_month)) parts.push(`每月不超过 ${text(c.amount_per_month)} 元`)
  if (has(c.months_per_year)) parts.push(`每${year}不超过 ${text(c.months_per_year)} 个月`)
  if (has(c.amount_per_year)) parts.push(`每${year}不超过 ${text(c.amount_per_year)} 元`)
  if (has(c.amount_per_term)) parts.push(`每学期不超过 ${text(c.amount_per_term)} 元`)
  if (has(c.places)) parts.push(`人数不超过${c.places === 'affordable' ? '普惠' : '核定'}托位数${c.places_by_class ? '（分班型）' : ''}，超出时${word(CHOICES, c.choose ?? 'most_days')}`)
  return parts.join('；') || '无'
}

function shares(value: unknown): string {
  return Object.entries(bag(value))
    .map(([who, share]) => `${word(FUNDS, who)} ${text(share)}`)
    .join('、')
}

/** The rule without its amounts, point by point in the order an official asks. */
export function ruleSummary(definition: unknown): RulePoint[] {
  const rule = bag(definition)
  const mid = bag(rule.mid_month)
  const rounding = bag(rule.rounding)
  const points: RulePoint[] = [
    { title: '计补单位', text: unitText(rule) },
    { title: '可补对象', text: eligibility(rule) },
    { title: '出勤认定', text: attendance(rule) },
    { title: '出勤系数', text: factor(rule) },
    { title: '月中变动', text: `入托${word(PARTS, mid.entry ?? 'whole')}；离托${word(PARTS, mid.leaving ?? 'whole')}；等级或班型变动${word(CHANGES, mid.change ?? 'month_start')}` },
    { title: '同月两家机构', text: word(SHARED, rule.two_institutions ?? 'block') },
    { title: '上限', text: caps(rule) },
    { title: '取整', text: `到 ${text(rounding.unit) || '0.01'} 元，${word(ROUNDING, rounding.mode ?? 'half_up')}` },
    { title: '领取方', text: shares(rule.payees ?? { institution: 1 }) },
    { title: '资金分担', text: shares(rule.funding ?? { county: 1 }) },
  ]
  const multipliers = list(rule.multipliers).map((one) => bag(one))
  if (multipliers.length) {
    const each = multipliers.map((m) => `${axisValue(text(m.axis), text(m.value), rule)} ${m.factor === 'fee_ratio' ? '按收费比例' : `× ${text(m.factor)}`}`)
    points.splice(4, 0, { title: '倍率', text: each.join('；') })
  }
  if (has(rule.spread_months)) points.push({ title: '分摊', text: `分 ${text(rule.spread_months)} 个月` })
  if (list(rule.instalments).length > 1) points.push({ title: '分期', text: list(rule.instalments).map(text).join(' + ') })
  if (has(rule.ends_on)) points.push({ title: '截止', text: text(rule.ends_on) })
  return points
}
