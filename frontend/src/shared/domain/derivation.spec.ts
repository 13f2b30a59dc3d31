import { expect, it } from 'vitest'
import { derivationRows } from './derivation'

const DAYS = 'hhhhhhhPiMwPPPPPwwPuuPPwwPPPaPPw'.slice(0, 31)
const stored = (x: unknown, d = DAYS) => ({ v: 1, m: '2026-10', d, r: 'full', x })
const texts = (x: unknown) => derivationRows(stored(x))?.map((row) => `${'  '.repeat(row.depth)}${row.text}|${row.value}|${row.source}${row.unused ? '|unused' : ''}`)

it('reads rate, ratio and rounding as lines', () => {
  const tree = ['r', ['*', ['rate', 7, '一级 托小班', '400.00', '嵊卫发〔2026〕12号', '第三条', '2026-01-01'], ['min', ['/', ['n', 'PM'], ['=', 'required', '18']], ['=', 'limit', '1']]]]
  expect(texts(tree)).toEqual([
    '结果只取整一次||精确到 0.01 元，四舍五入',
    '  以下各项相乘||',
    '    补助标准：一级 托小班|400.00 元|嵊卫发〔2026〕12号 第三条，2026-01-01 起施行',
    '    取以下各项中最小的||',
    '      前项除以后项||',
    '        计入天数|15 天|有入园和离园 14 天；调休上班日，有入园和离园 1 天',
    '        应考勤天数|18|',
    '      上限系数|1|',
  ])
})

it('says which side of a threshold was taken', () => {
  const ge = (limit: string) => texts(['ge', ['n', 'PM'], ['=', 'threshold', limit], ['=', 'factor', '1'], ['=', 'fraction', '1/2']])
  expect(ge('15')).toEqual([
    '计入天数是否达到起付天数|15 ≥ 15，达到|',
    '  计入天数|15 天|有入园和离园 14 天；调休上班日，有入园和离园 1 天',
    '  起付天数|15|',
    '达到时|适用|',
    '  系数|1|',
    '未达到时||',
    '  固定比例|1/2||unused',
  ])
  expect(ge('16')?.[0]).toBe('计入天数是否达到起付天数|15 < 16，未达到|')
})

it('counts half days and a part of the month', () => {
  expect(derivationRows(stored(['n', 'P', 'H'], 'PPHHa'))?.[0]).toMatchObject({ value: '3 天', source: '有入园和离园 2 天；停留只够半日（计半日） 2 天' })
  expect(derivationRows(stored(['n', 'P', '', 2, 3], 'PPPPP'))?.[0]?.value).toBe('2 天')
})

it('names the tier that was reached', () => {
  expect(texts(['tier', ['n', 'PM'], ['1', '0.3'], ['10', '0.6'], ['20', '1']])?.[0]).toBe('按天数分档|系数 0.6|满 1 天系数 0.3；满 10 天系数 0.6；满 20 天系数 1')
})

it('strikes out what is withheld', () => {
  expect(texts(['no', 'no_rate', ['=', 'fee', '1200']])).toEqual(['不计补助|0.00 元|', '  月保育费|1,200.00 元||unused'])
})

it.each([[null], [{ v: 2, d: '', x: [] }], [stored(['future', 1])], [stored('x')], [stored(['ge', ['n', 'P']])]])('leaves an unknown form to the text: %j', (value) => {
  expect(derivationRows(value)).toBeNull()
})
