import { afterEach, expect, it, vi } from 'vitest'
import { flushPromises } from '@vue/test-utils'
import type { TaskDetail } from '@/shared/api/types'
import { setCsrfToken } from '@/shared/api/client'
import { fakeServer, withSetup } from '../../../tests/server'
import { keys } from './keys'
import { useDecision } from './useDecision'
import { usePerform } from './usePerform'

const statement = { id: 5, institution_id: 9, institution_name: '茉莉', township_name: '三江街道', round: 1, total_amount: '1150.00', children_count: 3, open_alerts: 0 }
const detail = {
  id: 7,
  node: 'review_township',
  title: '乡镇街道初审',
  status: 'open',
  statement,
  content_hash: 'hash-1',
  timeline: [],
  capabilities: [
    { action: 'approved', title: '通过', allowed: true, reason_code: '', reason: '' },
    { action: 'returned', title: '退回', allowed: true, reason_code: '', reason: '' },
  ],
} as unknown as TaskDetail
const COMPLETE = 'POST /api/v1/tasks/7/complete'
const approve = { kind: 'complete' as const, body: { decision: 'approved' as const, comment: '', content_hash: 'hash-1' } }

afterEach(() => {
  vi.unstubAllGlobals()
  setCsrfToken('')
})

it('approves with the token, the hash that was seen and an idempotency key', async () => {
  const sent = fakeServer({ [COMPLETE]: { body: { id: 7, status: 'done' } } })
  setCsrfToken('token-1')
  const { result } = withSetup(() => usePerform(7))
  const task = await result.perform(approve)
  expect(task).toMatchObject({ id: 7, status: 'done' })
  expect(result.state.value.state).toBe('done')
  expect(sent).toHaveLength(1)
  expect(sent[0]?.body).toEqual({ decision: 'approved', comment: '', content_hash: 'hash-1' })
  expect(sent[0]?.headers.get('X-CSRFToken')).toBe('token-1')
  expect(sent[0]?.headers.get('Idempotency-Key')).toMatch(/^[0-9a-f]{32}$/)
})

it('sends one request for two presses', async () => {
  const sent = fakeServer({ [COMPLETE]: { body: { id: 7 } } })
  const { result } = withSetup(() => usePerform(7))
  await Promise.all([result.perform(approve), result.perform(approve)])
  expect(sent).toHaveLength(1)
})

it('keeps the key over a broken network and drops it after an answer', async () => {
  const sent = fakeServer({ [COMPLETE]: ['offline', { status: 503, body: {} }, { status: 409, body: { code: 'task_not_open', detail: '已办结' } }, { body: { id: 7 } }] })
  const { result } = withSetup(() => usePerform(7))
  for (let turn = 0; turn < 4; turn += 1) await result.perform(approve)
  const used = sent.map((one) => one.headers.get('Idempotency-Key'))
  expect(used[0]).toBe(used[1])
  expect(used[1]).toBe(used[2])
  expect(used[3]).not.toBe(used[2])
})

it('shows a refusal with its sentence', async () => {
  fakeServer({ [COMPLETE]: { status: 403, body: { code: 'duty_conflict', detail: '您已办理过本结算单的初审' } } })
  const { result } = withSetup(() => usePerform(7))
  expect(await result.perform(approve)).toBeUndefined()
  expect(result.state.value).toMatchObject({ state: 'refused', problem: { status: 403, detail: '您已办理过本结算单的初审' } })
})

const moved = (from: string, to: string) => ({
  status: 409,
  body: {
    code: 'content_changed',
    detail: '在您查看之后有变化: 1 名婴幼儿',
    details: { content_hash: to, difference: { seen_hash: from, content_hash: to, known: true, summary: '1 名婴幼儿', rows: [], left_off: 0 }, blockers: [] },
  },
})

it('confirms just what changed by one act, on the version that is there now', async () => {
  const sent = fakeServer({ [COMPLETE]: [moved('hash-1', 'hash-2'), moved('hash-1', 'hash-3'), { body: { id: 7, status: 'done' } }] })
  const { result } = withSetup(() => usePerform(7))
  await result.perform(approve)
  expect(result.state.value).toMatchObject({ state: 'changed', changed: { contentHash: 'hash-2', difference: { seen_hash: 'hash-1' } } })
  expect(await result.confirm()).toBeUndefined() // it moved once more
  expect(await result.confirm()).toMatchObject({ status: 'done' })
  expect(sent.map((one) => one.body)).toEqual([
    { decision: 'approved', comment: '', content_hash: 'hash-1' },
    { decision: 'approved', comment: '', content_hash: 'hash-2', confirms: 'hash-1' },
    { decision: 'approved', comment: '', content_hash: 'hash-3', confirms: 'hash-1' },
  ])
  const keys = sent.map((one) => one.headers.get('Idempotency-Key'))
  expect(new Set(keys).size).toBe(3)
})

it('says what was confirmed also after a look at the renewed page, and not of another task', async () => {
  const sent = fakeServer({ [COMPLETE]: [moved('hash-1', 'hash-2'), { status: 409, body: { code: 'open_alerts', detail: '1 条预警未处置' } }, { body: { id: 7 } }] })
  const { result } = withSetup(() => usePerform(7))
  await result.perform(approve)
  result.acknowledge()
  await result.perform({ ...approve, body: { ...approve.body, content_hash: 'hash-2' } })
  expect(sent[1]?.body).toMatchObject({ content_hash: 'hash-2', confirms: 'hash-1' })
  result.forget()
  await result.perform(approve)
  expect(sent[2]?.body).toEqual(approve.body)
})

it('confirms nothing when the version seen is not known', async () => {
  const sent = fakeServer({ [COMPLETE]: { status: 409, body: { code: 'content_changed', detail: '内容已变化', details: { content_hash: 'hash-2' } } } })
  const { result } = withSetup(() => usePerform(7))
  await result.perform(approve)
  expect(result.state.value).toMatchObject({ state: 'changed', changed: { difference: null } })
  expect(await result.confirm()).toBeUndefined()
  expect(sent).toHaveLength(1)
})

it('makes the lists stale after a decision', async () => {
  fakeServer({ [COMPLETE]: { body: { id: 7 } } })
  const { result, client } = withSetup(() => usePerform(7))
  for (const key of [keys.taskCounts, keys.cycle(1), keys.statement(5), [...keys.alerts, 'list'], keys.session]) client.setQueryData(key, {})
  await result.perform(approve)
  await flushPromises()
  const stale = (key: readonly unknown[]) => client.getQueryState(key)?.isInvalidated
  expect([keys.taskCounts, keys.cycle(1), keys.statement(5), [...keys.alerts, 'list'], keys.session].map(stale)).toEqual([true, true, true, true, false])
})

it('needs a reason to return, and sends the ticked rows with it', async () => {
  const sent = fakeServer({ [COMPLETE]: { body: { id: 7 } } })
  const { result: form } = withSetup(() => useDecision(detail))
  const [approveAction, returnAction] = form.actions.value
  expect([form.missing(approveAction!), form.missing(returnAction!)]).toEqual(['', '须先在意见中写明理由（至少 5 个字）'])
  expect(form.unfilled.value).toEqual([{ text: '须先在意见中写明理由（至少 5 个字）', titles: ['退回'] }])
  expect(await form.run(returnAction!)).toBeUndefined()
  expect(sent).toHaveLength(0)
  form.setComment('  9 日有入园无离园  ')
  form.marked.value = [{ line_id: 11, reason: '' }]
  expect(form.missing(returnAction!)).toBe('请写明每一行勾选的原因')
  form.marked.value = [{ line_id: 11, reason: ' 9 日缺离园打卡' }, { line_id: 12, reason: '请假未说明' }]
  await form.run(returnAction!)
  expect(sent[0]?.body).toEqual({ decision: 'returned', comment: '9 日有入园无离园', content_hash: 'hash-1', marked_lines: [{ line_id: 11, reason: '9 日缺离园打卡' }, { line_id: 12, reason: '请假未说明' }] })
})

it('does not run what the server does not allow', async () => {
  const sent = fakeServer({})
  const refused = { ...detail, capabilities: [{ action: 'approved', title: '通过', allowed: false, reason_code: 'x', reason: '3 条预警未处置' }] } as TaskDetail
  const { result: form } = withSetup(() => useDecision(refused))
  expect(await form.run(form.actions.value[0]!)).toBeUndefined()
  expect(form.refusals.value).toEqual([{ reason: '3 条预警未处置', titles: ['通过'] }])
  expect(sent).toEqual([])
})
