/**
 * 算式: the stored tree as lines an official can read, outermost first. The server folds amounts; here only whole and
 * half days are counted, to say which branch a comparison took.
 *
 * Stored form: `{v: 1, m: "2026-10", d: "<one letter per day>", r: reason, x: tree}`, a tree being `[operation, …]`;
 * `f: [[day, choice], …]` beside that where days without data were settled (the text of the day says so).
 */
import { formatAmount } from './money'

export type DerivationRow = {
  depth: number
  text: string
  /** Value at the right, when there is one to show. */
  value: string
  /** Where a figure comes from: 文号, clause, date. */
  source: string
  /** A branch that was not taken. */
  unused: boolean
}

const NUMBER_NAMES: Record<string, string> = {
  required: '应考勤天数',
  enrolled_workdays: '在托工作日',
  workdays: '当月工作日',
  calendar_days: '当月天数',
  divisor: '折算天数',
  threshold: '起付天数',
  fraction: '固定比例',
  factor: '系数',
  limit: '上限系数',
  spread: '分摊月数',
  care_mode: '托育模式比例',
  uplift: '加成比例',
  fee: '月保育费',
  full_day_fee: '全日托月保育费',
  fee_share: '收费比例上限',
  elsewhere_days: '另一家机构计入的天数',
  amount_max: '每月上限',
  left_month: '本月剩余额度',
  left_year: '本年度剩余额度',
  left_term: '本学期剩余额度',
  window_months: '在托月数',
  need_months: '应满月数',
  window_days: '累计天数',
  need_average: '月均应满天数',
  places: '托位数',
  operating_days: '实际运营天数',
  share: '分段比例',
}
const MONEY_NAMES = new Set(['fee', 'full_day_fee', 'amount_max', 'left_month', 'left_year', 'left_term'])

const DAY_LETTERS: Record<string, string> = {
  P: '有入园和离园',
  M: '调休上班日，有入园和离园',
  S: '只有单次打卡，按规则计为出勤',
  C: '考勤更正采纳为出勤',
  H: '停留只够半日',
  L: '非工作日，有入园和离园',
  G: '机构开放',
  g: '机构当日未采集，按开放计',
  a: '无打卡',
  b: '调休上班日，无打卡',
  i: '有入园无离园',
  o: '有离园无入园',
  r: '离园早于入园',
  s: '停留时间不足',
  m: '只有补录打卡',
  c: '考勤更正采纳为缺勤',
  u: '未采集',
  w: '周末',
  h: '法定节假日',
  x: '机构当日不开放',
  '-': '不在托',
  p: '不在托期间的打卡',
  t: '当日计在另一家机构',
  z: '机构尚未备案或已停办',
}

const OPERATIONS: Record<string, string> = {
  '+': '以下各项相加',
  '-': '前项减后项',
  '*': '以下各项相乘',
  '/': '前项除以后项',
  min: '取以下各项中最小的',
  max: '取以下各项中最大的',
}

const MODES: Record<string, string> = { half_up: '四舍五入', down: '舍去尾数', up: '进位' }

type Tree = readonly unknown[]
type Context = { days: string; rows: DerivationRow[] }

class Unreadable extends Error {}

function tree(value: unknown): Tree {
  if (!Array.isArray(value) || typeof value[0] !== 'string') throw new Unreadable()
  return value
}

const word = (value: unknown) => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')

/** Days whose letter is in `full` (1 each) or `half` (0.5 each), between two days of the month. */
function countDays(days: string, [, full, half, first, last]: Tree): number {
  const part = days.slice((Number(first) || 1) - 1, Number(last) || 31)
  let count = 0
  for (const letter of part) {
    if (word(full).includes(letter)) count += 1
    else if (word(half).includes(letter)) count += 0.5
  }
  return count
}

/** A typed number or a count of days as a number; null for anything that is worked out, which the server does. */
function plainValue(days: string, node: Tree): number | null {
  if (node[0] === 'n') return countDays(days, node)
  if (node[0] !== '=') return null
  const [over, under = '1'] = word(node[2]).split('/')
  const value = Number(over) / Number(under)
  return Number.isFinite(value) ? value : null
}

function lettersText(days: string, letters: string, weight: string): string[] {
  return [...letters].flatMap((letter) => {
    const count = [...days].filter((one) => one === letter).length
    return count ? [`${DAY_LETTERS[letter] ?? letter}${weight} ${count} 天`] : []
  })
}

function nameOf(node: Tree): string {
  if (node[0] === '=') return NUMBER_NAMES[word(node[1])] ?? word(node[1])
  return node[0] === 'n' ? '计入天数' : '结果'
}

function walk(context: Context, raw: unknown, depth: number, unused: boolean): void {
  const node = tree(raw)
  const [kind, ...rest] = node
  const { days } = context
  const row = (text: string, value = '', source = '') => context.rows.push({ depth, text, value, source, unused })
  const below = (child: unknown, idle = false) => walk(context, child, depth + 1, unused || idle)

  switch (kind) {
    case '=': {
      const name = word(rest[0])
      row(NUMBER_NAMES[name] ?? name, MONEY_NAMES.has(name) ? `${formatAmount(word(rest[1]))} 元` : word(rest[1]))
      return
    }
    case 'rate': {
      const [, label, amount, document, clause, startsOn] = rest.map(word)
      row(`补助标准：${label}`, `${formatAmount(amount)} 元`, `${document} ${clause}`.trim() + `，${startsOn} 起施行`)
      return
    }
    case 'n': {
      const parts = [...lettersText(days, word(rest[0]), ''), ...lettersText(days, word(rest[1]), '（计半日）')]
      row('计入天数', `${countDays(days, node)} 天`, parts.join('；') || '没有计入的日子')
      return
    }
    case 'ge': {
      const [left, right, then, otherwise] = rest.map(tree) as [Tree, Tree, Tree, Tree]
      const [a, b] = [plainValue(days, left), plainValue(days, right)]
      const met = a === null || b === null ? null : a >= b
      const verdict = met === null ? '' : met ? '达到' : '未达到'
      row(`${nameOf(left)}是否达到${nameOf(right)}`, met === null ? '' : `${a} ${met ? '≥' : '<'} ${b}，${verdict}`)
      below(left)
      below(right)
      row('达到时', met === true ? '适用' : '')
      below(then, met === false)
      row('未达到时', met === false ? '适用' : '')
      below(otherwise, met === true)
      return
    }
    case 'tier': {
      const [of, ...steps] = rest
      const value = plainValue(days, tree(of))
      const ladder = steps.map(tree)
      const hit = value === null ? null : [...ladder].reverse().find((step) => value >= Number(step[0]))
      row('按天数分档', hit ? `系数 ${word(hit[1])}` : '', ladder.map((step) => `满 ${word(step[0])} 天系数 ${word(step[1])}`).join('；'))
      below(of)
      return
    }
    case 'share':
      row('占比：前项 ÷ 后项', '', `没有可计数的日子时按 ${word(rest[2])}`)
      below(rest[0])
      below(rest[1])
      return
    case 'no':
      row('不计补助', '0.00 元', '')
      if (rest.length > 1) below(rest[1], true)
      return
    case 'r':
      row('结果只取整一次', '', `精确到 ${word(rest[1]) || '0.01'} 元，${MODES[word(rest[2]) || 'half_up'] ?? word(rest[2])}`)
      below(rest[0])
      return
  }
  const title = OPERATIONS[word(kind)]
  if (!title) throw new Unreadable()
  row(title)
  rest.forEach((child) => below(child))
}

/** The rows of a stored derivation, or null when the format is one this version does not know (the text still explains it). */
export function derivationRows(stored: unknown): DerivationRow[] | null {
  if (typeof stored !== 'object' || stored === null) return null
  const { v, d, x } = stored as Record<string, unknown>
  if (v !== 1 || typeof d !== 'string') return null
  const context: Context = { days: d, rows: [] }
  try {
    walk(context, x, 0, false)
  } catch (error) {
    if (error instanceof Unreadable || error instanceof TypeError) return null
    throw error
  }
  return context.rows
}
