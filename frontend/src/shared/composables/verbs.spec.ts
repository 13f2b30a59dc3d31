import { afterEach, expect, it, vi } from 'vitest'
import { flushPromises } from '@vue/test-utils'
import { ref } from 'vue'
import type { Capability, Colleague, TaskDetail } from '@/shared/api/types'
import { fakeServer, withSetup } from '../../../tests/server'
import { keys } from './keys'
import { useCycleCancel } from './useCycleCancel'
import { useTaskVerbs, useVerbs, type VerbTarget } from './useVerbs'

const yes = (action: string, title: string): Capability => ({ action, title, allowed: true, reason_code: '', reason: '' })
const person = (id: number) => ({ id, display_name: `同事${id}`, eligible: true }) as Colleague
const CAPABILITIES = [yes('reassign', '转办'), yes('consult', '加签'), yes('consult_cancel', '撤回加签'), yes('opinion', '答复意见'), yes('copy', '抄送'), yes('read', '已阅'), yes('remind', '催办'), yes('withdraw', '撤回')]
const AT_TASK: VerbTarget = { task: { id: 7, capabilities: CAPABILITIES }, statement: null }
const AT_STATEMENT: VerbTarget = { task: null, statement: { id: 5, content_hash: 'hash-1', capabilities: [yes('exclude', '不纳入本月'), yes('reopen', '重新审核')] } }

afterEach(() => vi.unstubAllGlobals())

function formOf(target: VerbTarget) {
  const { result: form, client } = withSetup(() => useVerbs(target))
  const verb = (code: string) => form.verbs.value.find((one) => one.code === code)!
  return { form, client, verb }
}

it.each([
  ['reassign', AT_TASK, '/api/v1/tasks/7/reassign', { person_id: 3, comment: '出差' }],
  ['consult', AT_TASK, '/api/v1/tasks/7/consult', { person_ids: [3, 4], comment: '出差' }],
  ['consult_cancel', AT_TASK, '/api/v1/tasks/7/consult-cancel', {}],
  ['opinion', AT_TASK, '/api/v1/tasks/7/opinion', { comment: '出差' }],
  ['copy', AT_TASK, '/api/v1/tasks/7/copy', { person_ids: [3, 4], comment: '出差' }],
  ['read', AT_TASK, '/api/v1/tasks/7/read', undefined],
  ['remind', AT_TASK, '/api/v1/tasks/7/remind', undefined],
  ['withdraw', AT_TASK, '/api/v1/tasks/7/withdraw', { comment: '勾选有误需再核' }],
  ['exclude', AT_STATEMENT, '/api/v1/statements/5/exclude', { reason: '勾选有误需再核', content_hash: 'hash-1' }],
  ['reopen', AT_STATEMENT, '/api/v1/statements/5/reopen', { reason: '勾选有误需再核' }],
])('sends %s with its own body and a key', async (code, target, path, body) => {
  const sent = fakeServer({ [`POST ${path}`]: { body: {} } })
  const { form, verb } = formOf(target)
  form.open(verb(code))
  if (verb(code).form.people) form.setPeople(code === 'reassign' ? [person(3)] : [person(3), person(4)])
  if (verb(code).form.comment) form.setComment((verb(code).form.comment?.least ?? 0) > 1 ? ' 勾选有误需再核 ' : ' 出差 ')
  expect(form.missing.value).toBe('')
  await form.submit()
  expect(sent.map((one) => [one.method, one.path, one.body])).toEqual([['POST', path, body]])
  expect(sent[0]?.headers.get('Idempotency-Key')).toMatch(/^[0-9a-f]{32}$/)
  expect([form.asked.value, form.done.value]).toEqual([null, verb(code).form.done])
})

it('waits for a colleague and for words', async () => {
  const sent = fakeServer({})
  const { form, verb } = formOf(AT_TASK)
  form.open(verb('reassign'))
  expect(form.missing.value).toBe('请选择一位同事')
  form.setPeople([person(3)])
  expect(form.missing.value).toBe('请填写转办原因')
  form.open(verb('withdraw'))
  form.setComment('误')
  expect(form.missing.value).toBe('请填写撤回原因（至少 5 个字）')
  form.open(verb('copy'))
  form.setPeople(Array.from({ length: 21 }, (_, id) => person(id + 1)))
  expect(form.missing.value).toBe('一次最多选择 20 位同事')
  await form.submit()
  expect(sent).toEqual([])
})

it('keeps one key for one form over a broken network, and takes another for the next form', async () => {
  const sent = fakeServer({ 'POST /api/v1/tasks/7/remind': ['offline', { status: 503, body: {} }, { body: {} }] })
  const { form, verb } = formOf(AT_TASK)
  form.open(verb('remind'))
  for (let turn = 0; turn < 3; turn += 1) await form.submit()
  form.open(verb('remind'))
  await form.submit()
  const used = sent.map((one) => one.headers.get('Idempotency-Key'))
  expect([used[1], used[2]]).toEqual([used[0], used[0]])
  expect(used[3]).not.toBe(used[0])
})

it('stays open with the reason when it is refused, and renews what is on screen', async () => {
  fakeServer({ 'POST /api/v1/tasks/7/withdraw': { status: 409, body: { code: 'next_step_started', detail: '下一环节已有人打开或认领' } } })
  const { form, verb, client } = formOf(AT_TASK)
  for (const key of [keys.task(7), keys.statement(5), keys.cycle(1), keys.session]) client.setQueryData(key, {})
  form.open(verb('withdraw'))
  form.setComment('勾选有误需再核')
  await form.submit()
  await flushPromises()
  expect(form.asked.value?.code).toBe('withdraw')
  expect(form.state.value).toMatchObject({ state: 'refused', problem: { detail: '下一环节已有人打开或认领' } })
  const stale = (key: readonly unknown[]) => client.getQueryState(key)?.isInvalidated
  expect([keys.task(7), keys.statement(5), keys.cycle(1), keys.session].map(stale)).toEqual([true, true, true, false])
})

it('binds an exclusion to the version the form was opened on, and has a moved one looked at first', async () => {
  const sent = fakeServer({ 'POST /api/v1/statements/5/exclude': { status: 409, body: { code: 'content_changed', detail: '内容已变化' } } })
  const target = ref<VerbTarget>(AT_STATEMENT)
  const { result: form } = withSetup(() => useVerbs(target))
  const exclude = form.verbs.value.find((one) => one.code === 'exclude')!
  form.open(exclude)
  form.setComment('备案已注销')
  target.value = { task: null, statement: { ...AT_STATEMENT.statement!, content_hash: 'hash-2' } }
  await form.submit()
  expect(sent[0]?.body).toEqual({ reason: '备案已注销', content_hash: 'hash-1' })
  expect(form.stale.value).toBe(true)
  await form.submit()
  expect(sent).toHaveLength(1)
  form.open(exclude)
  form.setComment('备案已注销')
  await form.submit()
  expect(sent[1]?.body).toEqual({ reason: '备案已注销', content_hash: 'hash-2' })
})

it('shows the task at once as the act left it', async () => {
  const after = { id: 7, capabilities: [], timeline: [] }
  fakeServer({ 'POST /api/v1/tasks/7/remind': { body: after } })
  const { form, verb, client } = formOf(AT_TASK)
  form.open(verb('remind'))
  await form.submit()
  expect(client.getQueryData(keys.task(7))).toEqual(after)
})

it('opens nothing that is refused', () => {
  const refused: VerbTarget = { task: { id: 7, capabilities: [{ action: 'remind', title: '催办', allowed: false, reason_code: 'reminded_recently', reason: '已催办过' }] }, statement: null }
  const { form, verb } = formOf(refused)
  form.open(verb('remind'))
  expect(form.asked.value).toBeNull()
})

it('offers at a task what belongs to its statement, once, and says where the work goes on', async () => {
  const statement = { id: 5, task_id: 8, content_hash: 'hash-1', capabilities: AT_STATEMENT.statement?.capabilities }
  fakeServer({ 'GET /api/v1/statements/5': { body: statement } })
  const task = ref({ id: 7, status: 'done', statement: { id: 5 }, capabilities: [yes('withdraw', '撤回')] } as unknown as TaskDetail)
  const { result: form } = withSetup(() => useTaskVerbs(task))
  await vi.waitFor(() => expect(form.verbs.value.map((one) => one.code)).toEqual(['withdraw', 'exclude', 'reopen']))
  expect(form.elsewhere.value).toBe(8)
  task.value = { ...task.value, status: 'open', capabilities: [yes('excluded', '不纳入本月')] }
  expect(form.verbs.value.map((one) => one.code)).toEqual(['reopen'])
  expect(form.elsewhere.value).toBeNull()
})

it('cancels a month by its own name, with one key for one form', async () => {
  const sent = fakeServer({ 'POST /api/v1/cycles/1/cancel': ['offline', { status: 400, body: { code: 'confirmation_mismatch' } }, { body: { id: 1 } }] })
  const { result } = withSetup(useCycleCancel)
  for (let turn = 0; turn < 3; turn += 1) await result.send(1, '方案有误重新开启', '2026-10')
  expect(sent[0]?.body).toEqual({ reason: '方案有误重新开启', confirmation: '2026-10' })
  const used = sent.map((one) => one.headers.get('Idempotency-Key'))
  expect(used[1]).toBe(used[0])
  expect(used[2]).not.toBe(used[0])
  expect(result.state.value.state).toBe('done')
})
