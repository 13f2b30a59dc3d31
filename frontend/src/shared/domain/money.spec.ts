import { expect, it } from 'vitest'
import { formatAmount, formatFactor, formatYuan, isZero } from './money'

it.each([
  ['9816', '9,816.00'],
  ['9816.5', '9,816.50'],
  ['1234567.89', '1,234,567.89'],
  ['-400.5', '-400.50'],
  ['0', '0.00'],
  ['007', '7.00'],
  ['99999999999999.99', '99,999,999,999,999.99'],
])('formats %s as %s', (amount, text) => {
  expect(formatAmount(amount)).toBe(text)
})

it.each([null, undefined, '', 'abc', '1e5', '1.234', '１２'])('shows %s as a dash', (amount) => {
  expect(formatAmount(amount)).toBe('—')
  expect(formatYuan(amount)).toBe('—')
})

it('names the unit', () => {
  expect(formatYuan('400.00')).toBe('400.00 元')
})

it('knows zero in every spelling', () => {
  expect(['0', '0.00', '-0.00', '0.01', '10'].map(isZero)).toEqual([true, true, true, false, false])
})

it.each([
  ['1.000000', '1'],
  ['0.500000', '0.5'],
  ['0.000000', '0'],
  ['0.944444', '0.9444…'],
  ['1.2', '1.2'],
  ['10', '10'],
])('writes factor %s as %s', (factor, text) => {
  expect(formatFactor(factor)).toBe(text)
})
