import { expect, it } from 'vitest'
import type { Capability } from '@/shared/api/types'
import { actionsOf, confirmTitle, questionOf, refusals } from './capability'

const yes = (action: string, title: string): Capability => ({ action, title, allowed: true, reason_code: '', reason: '' })
const no = (action: string, title: string, reason: string): Capability => ({ action, title, allowed: false, reason_code: 'x', reason })

it('orders what can be done, the usual first', () => {
  const actions = actionsOf([yes('claim', '认领'), yes('excluded', '不纳入本月'), yes('returned', '退回'), yes('approved', '通过')])
  expect(actions.map((one) => [one.key, one.tone, one.commentRequired, one.marksRows])).toEqual([
    ['approved', 'primary', false, false],
    ['returned', 'warning', true, true],
    ['excluded', 'danger', true, false],
    ['claim', 'info', false, false],
  ])
})

it('keeps a refused decision with its reason, and leaves out a refused claim', () => {
  const actions = actionsOf([no('claim', '认领', '您已认领该任务'), no('approved', '通过', '3 条预警未处置'), no('release', '放弃认领', '该任务尚未认领')])
  expect(actions.map((one) => [one.key, one.allowed, one.reason])).toEqual([['approved', false, '3 条预警未处置']])
})

it('says each reason once', () => {
  const reason = '您已在乡镇街道初审办理过本结算单'
  expect(refusals(actionsOf([no('approved', '通过', reason), no('returned', '退回', reason), yes('excluded', '不纳入本月')]))).toEqual([
    { reason, titles: ['通过', '退回'] },
  ])
})

it('offers nothing it cannot carry out', () => {
  expect(actionsOf([yes('constructor', '?'), yes('delegate', '转办')])).toEqual([])
})

it('warns before everything that cannot be taken back', () => {
  const decisions = ['approved', 'returned', 'excluded', 'resubmitted', 'set', 'evaluated'].map((one) => yes(one, one))
  expect(actionsOf(decisions).filter((one) => one.warning === '')).toEqual([])
  expect(actionsOf([yes('claim', '认领')])[0]?.warning).toBe('')
})

it('asks one question a node and confirms once', () => {
  expect(questionOf('evaluate')).toBe('各机构已审核完毕。是否评定本月数据并封存？')
  expect([confirmTitle('通过'), confirmTitle('确定应考勤天数')]).toEqual(['确认通过', '确定应考勤天数'])
})
