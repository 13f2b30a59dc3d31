import { afterEach, expect, it, vi } from 'vitest'
import { flushPromises } from '@vue/test-utils'
import { fakeServer, withSetup } from '../../../tests/server'
import { keys } from './keys'
import { useTask } from './useTasks'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const PATH = 'GET /api/v1/tasks/7'
const task = (reason_code: string) => ({ id: 7, capabilities: [{ action: 'approved', title: '通过', allowed: reason_code === '', reason_code, reason: '' }] })

it('asks again while the statement is being calculated, then renews what stands around it and rests', async () => {
  vi.useFakeTimers()
  fakeServer({ [PATH]: { body: task('recalculating') } })
  const { result, client } = withSetup(() => useTask(7))
  for (const key of [keys.lines(3), keys.line(5), keys.cycle(1)]) client.setQueryData(key, 'old')
  await vi.advanceTimersByTimeAsync(100)
  expect(result.view.value).toMatchObject({ state: 'done', data: { capabilities: [{ reason_code: 'recalculating' }] } })
  const sent = fakeServer({ [PATH]: { body: task('') } })
  await vi.advanceTimersByTimeAsync(2_100)
  await flushPromises()
  expect(result.view.value).toMatchObject({ data: { capabilities: [{ allowed: true }] } })
  for (const key of [keys.lines(3), keys.line(5), keys.cycle(1)]) expect(client.getQueryState(key)?.isInvalidated).toBe(true)
  const asked = sent.length
  await vi.advanceTimersByTimeAsync(20_000)
  expect(sent).toHaveLength(asked)
})
