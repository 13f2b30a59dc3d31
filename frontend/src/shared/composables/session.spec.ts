import { afterEach, expect, it, vi } from 'vitest'
import { flushPromises } from '@vue/test-utils'
import { api, unwrap } from '@/shared/api/client'
import { ProblemError } from '@/shared/domain/problem'
import { fakeServer, withSetup } from '../../../tests/server'
import { keys } from './keys'
import { createQueryClient } from './query'
import { startingBox, useTasks } from './useTasks'
import { useSession, watchSignedOut } from './useSession'

const GET = 'GET /api/v1/session'
const nobody = { authenticated: false, user: null, csrf_token: 'before', demo: { accounts: [{ username: 'town01', display_name: '裘', role_title: '乡镇街道初审' }] } }
const somebody = { authenticated: true, user: { id: 1, username: 'town01', display_name: '裘', roles: [], permissions: ['subsidy.review_township', 'subsidy.view_statement'], stands_in: [] }, csrf_token: 'after', demo: null }

function signedIn() {
  const client = createQueryClient()
  client.setQueryData(keys.session, somebody)
  return client
}

afterEach(() => vi.unstubAllGlobals())

it('signs in with a fresh token and uses the rotated one afterwards', async () => {
  const sent = fakeServer({ [GET]: { body: nobody }, 'POST /api/v1/session': { body: somebody }, 'DELETE /api/v1/session': { status: 204 } })
  const { result, client } = withSetup(() => useSession())
  client.setQueryData(['tasks', 'of somebody else'], 1)
  await flushPromises()
  expect(result.demoAccounts.value.map((one) => one.username)).toEqual(['town01'])
  await result.signIn.send('town01', 'secret')
  expect(result.user.value?.username).toBe('town01')
  expect([result.can('subsidy.review_township'), result.can('subsidy.review_county')]).toEqual([true, false])
  expect(client.getQueryData(['tasks', 'of somebody else'])).toBeUndefined()
  const signIn = sent.find((one) => one.method === 'POST')
  expect(signIn?.headers.get('X-CSRFToken')).toBe('before')
  expect(signIn?.body).toEqual({ username: 'town01', password: 'secret' })
  await result.signOut.send()
  expect(sent.find((one) => one.method === 'DELETE')?.headers.get('X-CSRFToken')).toBe('after')
  expect(result.user.value).toBeNull()
})

it('stays signed out with the reason when the password is wrong', async () => {
  fakeServer({ [GET]: { body: nobody }, 'POST /api/v1/session': { status: 403, body: { code: 'sign_in_refused', detail: '用户名或密码不正确' } } })
  const { result } = withSetup(() => useSession())
  expect(await result.signIn.send('town01', 'wrong')).toBeUndefined()
  expect(result.signIn.state.value).toMatchObject({ state: 'refused', problem: { detail: '用户名或密码不正确' } })
  expect(result.user.value).toBeNull()
})

it('forgets the person as soon as any request says so', async () => {
  fakeServer({ [GET]: { body: nobody }, 'GET /api/v1/tasks/counts': { status: 401, body: { code: 'not_authenticated', detail: '请先登录' } } })
  const client = createQueryClient()
  watchSignedOut(client)
  client.setQueryData(keys.session, somebody)
  await expect(unwrap(api.GET('/api/v1/tasks/counts'))).rejects.toBeInstanceOf(ProblemError)
  expect(client.getQueryData(keys.session)).toMatchObject({ authenticated: false, user: null })
})

it('makes an unreachable server, a broken answer and a refusal three different problems', async () => {
  const counts = () => unwrap(api.GET('/api/v1/tasks/counts')).catch((error: unknown) => (error as ProblemError).problem.status)
  fakeServer({ 'GET /api/v1/tasks/counts': 'offline' })
  expect(await counts()).toBe(0)
  vi.stubGlobal('fetch', async () => new Response('<html>', { status: 200, headers: { 'Content-Type': 'text/html' } }))
  expect(await counts()).toBe(502)
  vi.stubGlobal('fetch', async () => new Response('<html>', { status: 502, headers: { 'Content-Type': 'text/html' } }))
  expect(await counts()).toBe(502)
})

it('reads a list page by page until there is no more', async () => {
  const row = (id: number) => ({ id })
  const sent = fakeServer({ 'GET /api/v1/tasks': [{ body: { results: [row(1), row(2)], next: 'c2' } }, { body: { results: [row(3)], next: null } }] })
  const { result } = withSetup(() => useTasks('queue'), signedIn())
  expect(result.view.value.state).toBe('loading')
  await vi.waitFor(() => expect(result.view.value.state).toBe('done'))
  expect(result.hasMore.value).toBe(true)
  result.loadMore()
  result.loadMore()
  await vi.waitFor(() => expect(result.hasMore.value).toBe(false))
  expect(result.view.value).toMatchObject({ state: 'done', data: [{ id: 1 }, { id: 2 }, { id: 3 }] })
  result.loadMore()
  await flushPromises()
  expect(sent.map((one) => one.query)).toEqual(['?box=queue', '?box=queue&cursor=c2'])
})

it('reads every page when asked for all', async () => {
  const sent = fakeServer({ 'GET /api/v1/tasks': [{ body: { results: [{ id: 1 }], next: 'a' } }, { body: { results: [{ id: 2 }], next: 'b' } }, { body: { results: [{ id: 3 }], next: null } }] })
  const { result } = withSetup(() => useTasks('done'), signedIn())
  await vi.waitFor(() => expect(result.view.value.state).toBe('done'))
  await result.loadAll()
  expect(result.view.value).toMatchObject({ data: [{ id: 1 }, { id: 2 }, { id: 3 }] })
  expect(sent).toHaveLength(3)
})

it('shows an error with a way to try again', async () => {
  fakeServer({ 'GET /api/v1/tasks': [{ status: 404, body: { code: 'x', detail: '没有' } }, { body: { results: [], next: null } }] })
  const { result } = withSetup(() => useTasks('inbox'), signedIn())
  await vi.waitFor(() => expect(result.view.value.state).toBe('error'))
  const view = result.view.value
  if (view.state === 'error') view.retry()
  await vi.waitFor(() => expect(result.view.value).toEqual({ state: 'done', data: [] }))
})

it('opens the box that has something in it', () => {
  const none = { inbox: 0, queue: 0, asked: 0, copied: 0 }
  expect([startingBox(null), startingBox({ ...none, queue: 3 }), startingBox({ ...none, inbox: 1, queue: 3 }), startingBox(none)]).toEqual(['inbox', 'queue', 'inbox', 'inbox'])
  const invited = [{ box: 'asked' as const }, { box: 'copied' as const }]
  expect([startingBox(none, invited), startingBox({ ...none, copied: 1 }, invited), startingBox({ ...none, asked: 1 })]).toEqual(['asked', 'copied', 'asked'])
})

it('does not ask for tasks on behalf of somebody who has none', async () => {
  const sent = fakeServer({})
  const client = createQueryClient()
  client.setQueryData(keys.session, { ...somebody, user: { ...somebody.user, permissions: ['jobs.operate'] } })
  const { result } = withSetup(() => useTasks('inbox'), client)
  await flushPromises()
  expect(sent).toEqual([])
  expect(result.view.value.state).toBe('loading')
})

it('asks for the tasks of somebody who only stands in for a colleague', async () => {
  fakeServer({ 'GET /api/v1/tasks': { body: { results: [], next: null } } })
  const client = createQueryClient()
  const standsIn = [{ permission: 'subsidy.review_county', step_title: '县级审核', person_name: '陈审核', ends_on: '2026-12-01' }]
  client.setQueryData(keys.session, { ...somebody, user: { ...somebody.user, permissions: ['subsidy.view_statement'], stands_in: standsIn } })
  const { result } = withSetup(() => useTasks('inbox'), client)
  await vi.waitFor(() => expect(result.view.value).toEqual({ state: 'done', data: [] }))
})
