import { expect, it } from 'vitest'
import { afterEvaluation } from './seals'

const seal: Parameters<typeof afterEvaluation>[0] = { sealed_at: '2026-11-02T09:00:00+08:00', copies: 2, locations: 2, checked_at: '2026-11-02T09:01:00+08:00', incidents: 0 }
const states = (given: Partial<typeof seal>, reports: number) => afterEvaluation({ ...seal, ...given }, reports).map((one) => one.state)

it('says how far everything is that follows an evaluation', () => {
  expect(states({}, 2)).toEqual(['done', 'done', 'done', 'done'])
  expect(states({ copies: 0, checked_at: null }, 0)).toEqual(['waiting', 'done', 'waiting', 'waiting'])
  expect(states({ incidents: 3 }, 2)).toEqual(['done', 'done', 'done', 'wrong'])
  expect(afterEvaluation({ ...seal, copies: 1 }, 2)[0]?.text).toBe('封存包已写入 1 处，共 2 处，系统会重试')
})
