import { describe, expect, it } from 'vitest'
import { batchStateLabel, changeText } from './batch'

const previous = { amount: '1000.00', children: 3, change: '250.00', percent: 25, notable: true }

describe('批量通过', () => {
  it('writes a change with its sign, and says when there is none or nothing to compare with', () => {
    expect(changeText(previous)).toBe('+250.00（+25%）')
    expect(changeText({ ...previous, change: '-1250.00', percent: -125 })).toBe('-1,250.00（-125%）')
    expect(changeText({ ...previous, change: '0.00', percent: 0 })).toBe('无变化')
    expect(changeText({ ...previous, amount: '0.00', percent: null })).toBe('+250.00')
    expect(changeText({ ...previous, amount: null, change: null, percent: null })).toBe('上月无结算单')
  })

  it('does not call a batch well ended when something was refused', () => {
    expect(batchStateLabel({ state: 'done', refused: 0 }).tone).toBe('success')
    expect(batchStateLabel({ state: 'done', refused: 2 })).toEqual({ text: '已结束，2 件未办成', tone: 'danger' })
    expect(batchStateLabel({ state: 'running', refused: 2 }).text).toBe('办理中')
  })
})
