import { mount } from '@vue/test-utils'
import { ElButton, ElCheckbox, ElDialog } from 'element-plus'
import { expect, it, vi } from 'vitest'
import ConfirmDialog from './ConfirmDialog.vue'

/** Mounted, with its buttons there: the dialog renders a moment after it is opened. */
async function open(pledge?: string) {
  const dialog = mount(ConfirmDialog, {
    props: { modelValue: true, title: '评定', warning: '不能撤回', confirm: '确认评定', pledge },
    global: { components: { ElButton, ElCheckbox, ElDialog }, stubs: { teleport: true, transition: false } },
    attachTo: document.body,
  })
  await vi.waitFor(() => expect(dialog.findAll('button').map((one) => one.text())).toContain('取消'))
  return dialog
}
const button = (dialog: Awaited<ReturnType<typeof open>>, text: string) => dialog.findAll('button').find((one) => one.text() === text)!

it('says yes before it closes, so that the asker still knows what about', async () => {
  const dialog = await open()
  const order: string[] = []
  await dialog.setProps({ onConfirm: () => order.push('confirm'), 'onUpdate:modelValue': () => order.push('close') })
  await button(dialog, '确认评定').trigger('click')
  expect(order).toEqual(['confirm', 'close'])
})

it('only closes on cancel', async () => {
  const dialog = await open()
  await button(dialog, '取消').trigger('click')
  expect(dialog.emitted('confirm')).toBeUndefined()
  expect(dialog.emitted('update:modelValue')).toEqual([[false]])
})

it('waits for the pledge', async () => {
  const dialog = await open('我已核对')
  expect(button(dialog, '确认评定').attributes('disabled')).toBeDefined()
  await dialog.find('input[type=checkbox]').setValue(true)
  expect(button(dialog, '确认评定').attributes('disabled')).toBeUndefined()
})
