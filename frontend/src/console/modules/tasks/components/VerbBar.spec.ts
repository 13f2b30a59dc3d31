import { mount, flushPromises, RouterLinkStub } from '@vue/test-utils'
import { ElButton, ElDialog, ElInput, ElSkeleton } from 'element-plus'
import { afterEach, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import type { Capability, Invitation, TaskDetail } from '@/shared/api/types'
import { createQueryClient, VueQueryPlugin } from '@/shared/composables/query'
import { useTaskVerbs } from '@/shared/composables/useVerbs'
import { fakeServer, type Answer } from '../../../../../tests/server'
import InvitationList from './InvitationList.vue'
import InvitedNote from './InvitedNote.vue'
import VerbBar from './VerbBar.vue'

afterEach(() => {
  vi.unstubAllGlobals()
  document.body.replaceChildren()
})

const yes = (action: string, title: string): Capability => ({ action, title, allowed: true, reason_code: '', reason: '' })
const invitation = (given: Partial<Invitation>): Invitation => ({ kind: 'opinion', person_id: 1, person_name: '赵同事', by_name: '陈审核', text: '9 日是否属实?', at: '2026-11-02T09:00:00+08:00', opinion: '', answered_at: null, withdrawn_at: null, read_at: null, ...given })
const PEOPLE = { results: [{ id: 3, display_name: '吴鹿山', role_title: '乡镇街道初审', eligible: true, reason_code: '', reason: '' }], next: null }

/** The bar and the note of one task, as the task page puts them together. */
function desk(capabilities: Capability[], routes: Record<string, Answer> = {}, invitations: Invitation[] = []) {
  const sent = fakeServer(routes)
  const task = { id: 7, status: 'claimed', statement: null, capabilities, invitations } as unknown as TaskDetail
  const page = mount(
    defineComponent(() => {
      const form = useTaskVerbs(task)
      return () => [h(InvitedNote, { invitations, me: 1, form }), h(VerbBar, { form, taskId: 7, subject: '乡镇街道初审 · 茉莉', elsewhere: null })]
    }),
    { attachTo: document.body, global: { plugins: [[VueQueryPlugin, { queryClient: createQueryClient() }]], components: { ElButton, ElDialog, ElInput, ElSkeleton }, stubs: { teleport: true, transition: false, RouterLink: RouterLinkStub } } },
  )
  const button = (text: string) => page.findAll('button').find((one) => one.text() === text)!
  return { page, button, sent }
}

it('offers what is allowed and says why the rest is not', () => {
  const { page, button } = desk([yes('consult', '加签'), { action: 'remind', title: '催办', allowed: false, reason_code: 'reminded_recently', reason: '陈审核 已于 09:00 催办过' }])
  expect(button('加签').attributes('disabled')).toBeUndefined()
  expect([button('催办').attributes('disabled') !== undefined, button('催办').attributes('title')]).toEqual([true, '陈审核 已于 09:00 催办过'])
  expect(page.find('#verb-why').text()).toContain('陈审核 已于 09:00 催办过')
})

it('hands a task over only to somebody chosen and with a reason', async () => {
  const { page, button, sent } = desk([yes('reassign', '转办')], { 'GET /api/v1/tasks/7/colleagues': { body: PEOPLE }, 'POST /api/v1/tasks/7/reassign': { body: {} } })
  await button('转办').trigger('click')
  await vi.waitFor(() => expect(page.findAll('input[type=radio]')).toHaveLength(1))
  expect(sent[0]?.query).toContain('purpose=reassign')
  expect(button('确认转办').attributes('disabled')).toBeDefined()
  await page.find('input[type=radio]').trigger('change')
  await page.find('textarea').setValue('出差')
  expect(button('确认转办').attributes('disabled')).toBeUndefined()
  await button('确认转办').trigger('click')
  await vi.waitFor(() => expect(page.find('[role=status].done').text()).toBe('已转办。'))
  expect(sent.find((one) => one.method === 'POST')?.body).toEqual({ person_id: 3, comment: '出差' })
})

it('says before taking back a decision what it will do, and keeps the form when it is too late', async () => {
  const { page, button } = desk([yes('withdraw', '撤回')], { 'POST /api/v1/tasks/7/withdraw': { status: 409, body: { code: 'next_step_started', detail: '下一环节已有人打开或认领, 不能撤回' } } })
  await button('撤回').trigger('click')
  await vi.waitFor(() => expect(page.text()).toContain('您的办理意见作废并保留在记录中'))
  await page.find('textarea').setValue('勾选有误需再核')
  await button('确认撤回').trigger('click')
  await vi.waitFor(() => expect(page.find('[role=alert]').text()).toContain('下一环节已有人打开或认领'))
  expect((page.find('textarea').element as HTMLTextAreaElement).value).toBe('勾选有误需再核')
})

it('puts the question before whoever is asked, and sends the opinion', async () => {
  const { page, button, sent } = desk([yes('opinion', '答复意见')], { 'POST /api/v1/tasks/7/opinion': { body: {} } }, [invitation({})])
  expect(page.find('[aria-label=与您有关]').text()).toContain('陈审核 征求您的意见9 日是否属实?')
  await button('发表意见').trigger('click')
  await vi.waitFor(() => expect(page.find('textarea').exists()).toBe(true))
  await page.find('textarea').setValue('属实')
  await button('确认答复意见').trigger('click')
  await flushPromises()
  expect(sent[0]?.body).toEqual({ comment: '属实' })
})

it('marks a copy as read by one press', async () => {
  const { button, sent } = desk([yes('read', '已阅')], { 'POST /api/v1/tasks/7/read': { body: {} } }, [invitation({ kind: 'copy', text: '供参考' })])
  await button('标记已阅').trigger('click')
  await flushPromises()
  expect(sent.map((one) => one.path)).toEqual(['/api/v1/tasks/7/read'])
})

it('shows who was asked, what they said, and who has read', () => {
  const invitations = [
    invitation({ opinion: '属实', answered_at: '2026-11-02T10:00:00+08:00' }),
    invitation({ person_id: 2, person_name: '王三江' }),
    invitation({ person_id: 4, person_name: '吴鹿山', withdrawn_at: '2026-11-02T10:00:00+08:00' }),
    invitation({ kind: 'copy', person_id: 5, person_name: '周局长', read_at: '2026-11-02T10:00:00+08:00' }),
  ]
  const list = mount(InvitationList, { props: { invitations, me: 1 } })
  expect(list.findAll('article .top').map((one) => one.text())).toEqual(['赵同事（您）已答复', '王三江等待答复', '吴鹿山已撤回', '周局长已阅'])
  expect(list.find('.answer').text()).toContain('属实')
  expect(mount(InvitationList, { props: { invitations: [], me: 1 } }).find('section').exists()).toBe(false)
})
