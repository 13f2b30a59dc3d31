import { mount } from '@vue/test-utils'
import { ElButton, ElDialog, ElInput } from 'element-plus'
import { afterEach, expect, it, vi } from 'vitest'
import type { CycleDetail } from '@/shared/api/types'
import { createQueryClient, VueQueryPlugin } from '@/shared/composables/query'
import { fakeServer, type Answer } from '../../../../../tests/server'
import CancelledNote from './CancelledNote.vue'
import CycleCancel from './CycleCancel.vue'

const cycle = {
  id: 1,
  month: '2026-10',
  county: { code: '330683000000', name: '嵊州市' },
  total_amount: '815.28',
  counts: { statements: 52, approved: 3, excluded: 1, returned: 2, open: 48 },
  capabilities: [{ action: 'cancel', title: '取消月度周期', allowed: true, reason_code: '', reason: '' }],
} as unknown as CycleDetail

afterEach(() => {
  vi.unstubAllGlobals()
  document.body.replaceChildren()
})

function page(given: CycleDetail, routes: Record<string, Answer> = {}) {
  const sent = fakeServer(routes)
  const wrapper = mount(CycleCancel, {
    props: { cycle: given },
    attachTo: document.body,
    global: { plugins: [[VueQueryPlugin, { queryClient: createQueryClient() }]], components: { ElButton, ElDialog, ElInput }, stubs: { teleport: true, transition: false } },
  })
  const button = (text: string) => wrapper.findAll('button').find((one) => one.text() === text)!
  return { wrapper, button, sent }
}

it('says what will be lost, and waits for the reason and the month typed by hand', async () => {
  const { wrapper, button, sent } = page(cycle, { 'POST /api/v1/cycles/1/cancel': { body: { id: 1 } } })
  await button('取消本月').trigger('click')
  await vi.waitFor(() => expect(wrapper.find('#cancel-month').exists()).toBe(true))
  expect(wrapper.findAll('dd').map((one) => one.text())).toEqual(['52 份，应补合计 815.28 元', '通过 3 份，不纳入 1 份', '48 份（退回更正中 2 份）', '全部取消，并通知办理人'])
  const confirm = () => button('确认取消本月').attributes('disabled')
  await wrapper.find('#cancel-month').setValue('2026-10')
  expect([confirm() !== undefined, wrapper.find('.missing').text()]).toEqual([true, '请填写取消的原因（至少 5 个字）'])
  await wrapper.find('#cancel-reason').setValue('方案有误重新开启')
  await wrapper.find('#cancel-month').setValue('2026-09')
  expect([confirm() !== undefined, wrapper.find('.missing').text()]).toEqual([true, '请输入 2026-10 以确认'])
  await wrapper.find('#cancel-month').setValue('2026-10')
  expect(confirm()).toBeUndefined()
  await button('确认取消本月').trigger('click')
  await vi.waitFor(() => expect(sent).toHaveLength(1))
  expect(sent[0]?.body).toEqual({ reason: '方案有误重新开启', confirmation: '2026-10' })
})

it('is not there for somebody who may not', () => {
  const { wrapper } = page({ ...cycle, capabilities: [{ ...cycle.capabilities[0]!, allowed: false, reason_code: 'permission_denied', reason: '您没有权限' }] })
  expect(wrapper.findAll('button')).toEqual([])
})

it('says who cancelled a month, when and why', () => {
  const note = mount(CancelledNote, { props: { cancellation: { by_name: '陈审核', at: '2026-11-02T09:00:00+08:00', reason: '方案有误' } } })
  expect(note.text()).toContain('本月度周期已取消陈审核 · 2026-11-02 09:00原因：方案有误')
})
