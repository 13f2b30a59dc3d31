import { flushPromises, mount, RouterLinkStub } from '@vue/test-utils'
import { ElButton, ElCheckbox, ElDialog, ElInput, ElSkeleton } from 'element-plus'
import { afterEach, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import type { CyclePreflight, TaskDetail } from '@/shared/api/types'
import { createQueryClient, VueQueryPlugin } from '@/shared/composables/query'
import { useDecision, type DecisionForm } from '@/shared/composables/useDecision'
import { fakeServer, type Answer } from '../../../../../tests/server'
import DecisionPanel from './DecisionPanel.vue'

afterEach(() => {
  vi.unstubAllGlobals()
  document.body.replaceChildren()
})

const IDENTITY = 'POST /api/v1/session/identity'
const COMPLETE = 'POST /api/v1/tasks/7/complete'
const WRONG = { status: 400, body: { code: 'password_wrong', detail: '密码不正确, 请重新输入', errors: [{ field: 'password', message: '密码不正确' }] } }
const PAUSED = { status: 429, body: { code: 'sign_in_locked', detail: '登录失败次数过多, 请 15 分钟后再试' } }
const task = {
  id: 7,
  node: 'evaluate',
  title: '评定',
  status: 'open',
  decision: null,
  owner: null,
  statement: null,
  cycle_id: 3,
  month: '2026-10',
  county: { code: '330683000000', name: '嵊州市' },
  content_hash: 'hash-1',
  capabilities: [{ action: 'evaluated', title: '评定', allowed: true, reason_code: '', reason: '' }],
} as unknown as TaskDetail
const USER = { id: 9, username: 'leader01', display_name: '赵评定', roles: [], permissions: [], stands_in: [] }

/** The panel of an evaluation as the task page shows it, its dialog open with the sentence ticked. */
async function evaluating(routes: Record<string, Answer | Answer[]>, found: Partial<CyclePreflight> = {}) {
  const preflight = { identity: 'password', identity_until: null, totals: { amount: '1225.00', approved: 3, excluded: 0 }, ...found }
  const sent = fakeServer({
    'GET /api/v1/session': { body: { authenticated: true, user: USER, csrf_token: 't', demo: null } },
    'GET /api/v1/tasks': { body: { results: [], next: null } },
    'GET /api/v1/cycles/3/preflight': { body: preflight },
    ...routes,
  })
  let form: DecisionForm | undefined
  const page = mount(
    defineComponent(() => {
      form = useDecision(task)
      return () => h(DecisionPanel, { task, form: form as DecisionForm })
    }),
    {
      attachTo: document.body,
      global: { plugins: [[VueQueryPlugin, { queryClient: createQueryClient() }]], components: { ElButton, ElCheckbox, ElDialog, ElInput, ElSkeleton }, stubs: { teleport: true, transition: false, RouterLink: RouterLinkStub } },
    },
  )
  await flushPromises()
  const button = (text: string) => page.findAll('button').find((one) => one.text() === text)!
  await page.find('#comment').setValue('同意')
  await button('评定').trigger('click')
  await vi.waitFor(() => expect(page.find('input[type=checkbox]').exists()).toBe(true))
  await page.find('input[type=checkbox]').setValue(true)
  const posts = () => sent.filter((one) => one.method !== 'GET')
  return { page, button, posts, form: form as DecisionForm }
}

it('proves who is there for this month before it decides, and keeps no password', async () => {
  const { page, button, posts, form } = await evaluating({ [IDENTITY]: { body: { valid_until: '2026-11-02T09:05:00+08:00' } }, [COMPLETE]: { body: { id: 7, status: 'done', decision: 'evaluated' } } })
  expect(button('确认评定').attributes('disabled')).toBeDefined()
  await page.find('#identity').setValue('Zhishan-2026')
  await button('确认评定').trigger('click')
  await flushPromises()
  expect(posts().map((one) => [one.path, one.body])).toEqual([
    ['/api/v1/session/identity', { cycle_id: 3, password: 'Zhishan-2026' }],
    ['/api/v1/tasks/7/complete', { decision: 'evaluated', comment: '同意', content_hash: 'hash-1' }],
  ])
  expect(form.password.value).toBe('')
  expect(page.text()).toContain('本任务已办结')
  expect(page.text()).toContain('查看封存与报告')
  expect(page.find('#identity').exists() && page.find('.el-overlay').isVisible()).toBe(false)
})

it('sends no decision with a wrong password, says so where it was typed, and keeps what was written', async () => {
  const { page, button, posts, form } = await evaluating({ [IDENTITY]: [WRONG, PAUSED] })
  await page.find('#identity').setValue('wrong')
  await page.find('#identity').trigger('keydown.enter')
  await flushPromises()
  expect(posts().map((one) => one.path)).toEqual(['/api/v1/session/identity'])
  const told = page.find('.el-dialog [role=alert]')
  expect(told.text()).toContain('密码不正确, 请重新输入')
  expect(told.findAll('li')).toHaveLength(0) // the field says no more than the sentence
  expect([form.password.value, form.comment.value]).toEqual(['', '同意'])
  await page.find('#identity').setValue('wrong again')
  await button('确认评定').trigger('click')
  await flushPromises()
  expect(page.find('.el-dialog [role=alert]').text()).toContain('请 15 分钟后再试')
  expect(posts().map((one) => one.path)).toEqual(['/api/v1/session/identity', '/api/v1/session/identity'])
})

it('forgets a typed password with the dialog', async () => {
  const { page, button, posts, form } = await evaluating({})
  await page.find('#identity').setValue('Zhishan-2026')
  expect(form.password.value).toBe('Zhishan-2026')
  await button('取消').trigger('click')
  await flushPromises()
  expect([form.password.value, form.comment.value, posts().length]).toEqual(['', '同意', 0])
})

it('lets an account without a password sign in again, and brings what was written back', async () => {
  const { page, button, posts, form } = await evaluating({ 'DELETE /api/v1/session': { status: 204 } }, { identity: 'sign_in' })
  expect(page.find('#identity').exists()).toBe(false)
  expect(button('确认评定').attributes('disabled')).toBeDefined()
  await button('退出并重新登录').trigger('click')
  await flushPromises()
  expect(posts().map((one) => [one.method, one.path])).toEqual([['DELETE', '/api/v1/session']])
  form.setComment('')
  form.restore(8)
  expect(form.comment.value).toBe('') // another person finds nothing
  form.restore(9)
  expect(form.comment.value).toBe('同意')
})

it('needs nothing more after a fresh outside sign-in', async () => {
  const until = new Date(Date.now() + 60_000).toISOString()
  const { page, button, posts } = await evaluating({ [COMPLETE]: { body: { id: 7, status: 'done', decision: 'evaluated' } } }, { identity: 'sign_in', identity_until: until })
  expect(page.text()).toContain('已通过统一身份认证确认是您本人')
  await button('确认评定').trigger('click')
  await flushPromises()
  expect(posts().map((one) => one.path)).toEqual(['/api/v1/tasks/7/complete'])
})
