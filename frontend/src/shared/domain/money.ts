/** Money arrives as a string and is only formatted here: a JavaScript number would add rounding noise. */

const AMOUNT = /^(-?)(\d+)(?:\.(\d{1,2}))?$/

/** "9816" → "9,816.00"; "-400.5" → "-400.50"; anything that is not an amount → "—". */
export function formatAmount(amount: string | null | undefined): string {
  const match = AMOUNT.exec(amount ?? '')
  if (!match) return '—'
  const [, sign = '', whole = '0', cents = ''] = match
  const grouped = whole.replace(/^0+(?=\d)/, '').replace(/\B(?=(\d{3})+$)/g, ',')
  return `${sign}${grouped}.${cents.padEnd(2, '0')}`
}

/** "9816" → "9,816.00 元". */
export function formatYuan(amount: string | null | undefined): string {
  const text = formatAmount(amount)
  return text === '—' ? text : `${text} 元`
}

export function isZero(amount: string): boolean {
  return /^-?0*(\.0*)?$/.test(amount)
}

/** A factor as people write it: "1.000000" → "1", "0.500000" → "0.5"; a long one is cut and says so: "0.944444" → "0.9444…". */
export function formatFactor(factor: string): string {
  const short = factor.includes('.') ? factor.replace(/0+$/, '').replace(/\.$/, '') : factor
  const [whole = '', decimals = ''] = short.split('.')
  return decimals.length > 4 ? `${whole}.${decimals.slice(0, 4)}…` : short
}
