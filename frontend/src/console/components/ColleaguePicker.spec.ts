import { computed, ref } from 'vue'
import { mount } from '@vue/test-utils'
import { ElButton, ElInput, ElSkeleton } from 'element-plus'
import { expect, it } from 'vitest'
import type { Colleague } from '@/shared/api/types'
import type { Paged } from '@/shared/composables/query'
import ColleaguePicker from './ColleaguePicker.vue'

const person = (id: number, name: string, reason = ''): Colleague => ({ id, display_name: name, role_title: '乡镇街道初审', eligible: reason === '', reason_code: reason && 'x', reason })
const PEOPLE = [person(1, '赵同事'), person(2, '王三江', '该任务不在王三江的岗位范围内'), person(3, '吴鹿山')]

function picker(several: boolean, people = PEOPLE) {
  const list: Paged<Colleague> = {
    view: computed(() => ({ state: 'done', data: people })),
    hasMore: ref(false),
    loadingMore: ref(false),
    loadMore: () => undefined,
    loadAll: () => Promise.resolve(),
    refresh: () => Promise.resolve(),
  }
  const wrapper = mount(ColleaguePicker, {
    props: { list, label: '转办给', several, chosen: [], search: '', 'onUpdate:chosen': (chosen: Colleague[]) => wrapper.setProps({ chosen }), 'onUpdate:search': (search: string) => wrapper.setProps({ search }) },
    global: { components: { ElButton, ElInput, ElSkeleton } },
  })
  return wrapper
}
const chosen = (wrapper: ReturnType<typeof picker>) => (wrapper.props('chosen') as Colleague[]).map((one) => one.id)

it('lists those who cannot be chosen last, greyed out with the reason', async () => {
  const wrapper = picker(false)
  const rows = wrapper.findAll('label')
  expect(rows.map((row) => [row.find('input').attributes('type'), row.find('input').attributes('disabled') !== undefined])).toEqual([
    ['radio', false],
    ['radio', false],
    ['radio', true],
  ])
  expect(rows[2]?.text()).toContain('该任务不在王三江的岗位范围内')
  await rows[2]?.find('input').trigger('change')
  expect(chosen(wrapper)).toEqual([])
})

it('replaces a single choice', async () => {
  const wrapper = picker(false)
  for (const at of [0, 1]) await wrapper.findAll('input[type=radio]')[at]?.trigger('change')
  expect(chosen(wrapper)).toEqual([3])
})

it('collects several and names them', async () => {
  const wrapper = picker(true)
  for (const at of [0, 1]) await wrapper.findAll('input[type=checkbox]')[at]?.trigger('change')
  expect(wrapper.find('[aria-live]').text()).toBe('已选 2 位：赵同事、吴鹿山')
  await wrapper.findAll('input[type=checkbox]')[0]?.trigger('change')
  expect(chosen(wrapper)).toEqual([3])
})

it('says that nobody has the name', async () => {
  const wrapper = picker(false, [])
  expect(wrapper.text()).toContain('没有可以选择的同事。')
  await wrapper.find('input').setValue('李')
  expect(wrapper.text()).toContain('没有找到这个姓名的同事。')
})
