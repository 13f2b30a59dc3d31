import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { fakeServer } from '../../../tests/server'
import { Reading } from './reading'

const REPORT = 'POST /api/v1/tasks/7/reading'
let clock = 0
let hidden = false

beforeEach(() => {
  clock = 1_000
  hidden = false
  vi.useFakeTimers()
  vi.spyOn(document, 'hidden', 'get').mockImplementation(() => hidden)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

const pass = (seconds: number) => {
  clock += seconds * 1000
}

it('tells what was open and how long, once', async () => {
  const sent = fakeServer({ [REPORT]: { status: 204, body: null } })
  const reading = new Reading(() => clock)
  reading.start(7)
  pass(10)
  const close = reading.look('child', 31)
  pass(5)
  close()
  pass(3)
  await reading.flush()
  await reading.flush()
  expect(sent.map((one) => one.body)).toEqual([{ seconds: 18, items: [{ kind: 'child', id: 31, day: null, seconds: 5 }] }])
})

it('counts no time while the page is behind another', async () => {
  const sent = fakeServer({ [REPORT]: { status: 204, body: null } })
  const reading = new Reading(() => clock)
  reading.start(7)
  pass(4)
  await reading.flush()
  hidden = true
  pass(600)
  await reading.flush()
  hidden = false
  pass(2)
  await reading.flush()
  expect(sent.map((one) => (one.body as { seconds: number }).seconds)).toEqual([4, 2])
})

it('keeps on counting what stays open, and what is open on a page of its own', async () => {
  const sent = fakeServer({ [REPORT]: { status: 204, body: null } })
  const reading = new Reading(() => clock)
  reading.start(7)
  reading.look('alert', 5)
  pass(30)
  await reading.flush()
  reading.stop()
  const close = reading.look('photos', 31, '2026-10-09')
  pass(6)
  close()
  await vi.runAllTimersAsync()
  const bodies = sent.map((one) => one.body as { seconds: number; items: object[] })
  expect(bodies[0]).toEqual({ seconds: 30, items: [{ kind: 'alert', id: 5, day: null, seconds: 30 }] })
  expect(bodies.at(-1)).toMatchObject({ seconds: 0, items: [{ kind: 'alert', seconds: 6 }, { kind: 'photos', id: 31, day: '2026-10-09', seconds: 6 }] })
})

it('tells nothing where nothing is to be decided, and never fails', async () => {
  const sent = fakeServer({ [REPORT]: 'offline' })
  const reading = new Reading(() => clock)
  reading.start(0)
  pass(30)
  await reading.flush()
  expect(sent).toHaveLength(0)
  reading.start(7)
  pass(3)
  await expect(reading.flush()).resolves.toBeUndefined()
})
