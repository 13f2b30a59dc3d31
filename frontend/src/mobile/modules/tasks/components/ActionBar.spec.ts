import { mount, RouterLinkStub } from '@vue/test-utils'
import { afterEach, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import { Button as VanButton, Field as VanField, Popup as VanPopup, Skeleton as VanSkeleton } from 'vant'
import type { Capability, TaskDetail } from '@/shared/api/types'
import { createQueryClient, VueQueryPlugin } from '@/shared/composables/query'
import { useDecision } from '@/shared/composables/useDecision'
import { useTaskVerbs } from '@/shared/composables/useVerbs'
import { fakeServer, type Answer } from '../../../../../tests/server'
import ActionBar from './ActionBar.vue'
import VerbSheet from './VerbSheet.vue'

afterEach(() => {
  vi.unstubAllGlobals()
  document.body.replaceChildren()
})

const yes = (action: string, title: string): Capability => ({ action, title, allowed: true, reason_code: '', reason: '' })
const COUNTY = [yes('claim', '认领'), yes('approved', '通过'), yes('returned', '退回'), yes('back_to_township', '退回初审'), yes('excluded', '不纳入本月'), yes('reassign', '转办')]
const PEOPLE = {
  results: [
    { id: 4, display_name: '王三江', role_title: '乡镇街道初审', eligible: false, reason_code: 'not_your_region', reason: '该任务不在王三江的岗位范围内' },
    { id: 3, display_name: '吴鹿山', role_title: '县级审核', eligible: true, reason_code: '', reason: '' },
  ],
  next: null,
}

/** The bar and the sheet of one task, as the task page of the phone puts them together. */
function phone(capabilities: Capability[], routes: Record<string, Answer> = {}, status = 'open') {
  const sent = fakeServer({ 'GET /api/v1/tasks': { body: { results: [], next: null } }, ...routes })
  const task = { id: 7, node: 'review_county', title: '县级审核', status, decision: null, statement: null, county: { name: '嵊州市' }, capabilities } as unknown as TaskDetail
  const page = mount(
    defineComponent(() => {
      const [form, verbs] = [useDecision(task), useTaskVerbs(task)]
      return () => [h(ActionBar, { task, form, verbs, open: status !== 'done', elsewhere: null }), h(VerbSheet, { form: verbs, taskId: 7, subject: '县级审核 · 茉莉' })]
    }),
    {
      attachTo: document.body,
      global: { plugins: [[VueQueryPlugin, { queryClient: createQueryClient() }]], components: { VanButton, VanField, VanPopup, VanSkeleton }, stubs: { teleport: true, transition: false, RouterLink: RouterLinkStub } },
    },
  )
  const buttons = () => page.findAll('button').map((one) => one.text())
  const button = (text: string) => page.findAll('button').find((one) => one.text() === text)!
  return { page, buttons, button, sent }
}

it('keeps two decisions in the bar and everything else behind 更多', async () => {
  const { buttons, button } = phone(COUNTY)
  expect(buttons()).toEqual(['通过', '退回', '更多'])
  await button('更多').trigger('click')
  expect(buttons().slice(3)).toEqual(['退回初审', '不纳入本月', '认领', '转办', '取消'])
})

it('hands over from the sheet, only to somebody who can be chosen', async () => {
  const { page, button, sent } = phone(COUNTY, { 'GET /api/v1/tasks/7/colleagues': { body: PEOPLE }, 'POST /api/v1/tasks/7/reassign': { body: {} } })
  await button('更多').trigger('click')
  await button('转办').trigger('click')
  await vi.waitFor(() => expect(page.findAll('input[type=radio]').map((one) => one.attributes('disabled') !== undefined)).toEqual([false, true]))
  expect(page.text()).toContain('该任务不在王三江的岗位范围内')
  await page.find('input[type=radio]').trigger('change')
  expect(page.text()).toContain('请填写转办原因')
  await page.find('textarea').setValue('出差')
  await button('确认转办').trigger('click')
  await vi.waitFor(() => expect(page.find('.told').text()).toBe('已转办。'))
  expect(sent.find((one) => one.method === 'POST')?.body).toEqual({ person_id: 3, comment: '出差' })
})

it('says on a finished task why it cannot be taken back any more', async () => {
  const late = { action: 'withdraw', title: '撤回', allowed: false, reason_code: 'next_step_started', reason: '下一环节已有人打开或认领' }
  const { page, button } = phone([late], {}, 'done')
  await button('更多').trigger('click')
  const row = page.findAll('[role=dialog] button')[0]!
  expect([row.text(), row.attributes('disabled') !== undefined]).toEqual(['撤回 下一环节已有人打开或认领', true])
})
