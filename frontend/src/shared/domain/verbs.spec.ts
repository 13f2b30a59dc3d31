import { expect, it } from 'vitest'
import type { Capability, Colleague, Invitation } from '@/shared/api/types'
import { choose, namesOf } from './people'
import { invitationsOf, isWaiting, verbsOf } from './verbs'

const yes = (action: string): Capability => ({ action, title: action, allowed: true, reason_code: '', reason: '' })
const no = (action: string, reason_code: string, reason = '原因'): Capability => ({ action, title: action, allowed: false, reason_code, reason })

it('offers what is allowed, whatever somebody waits for first, and leaves decisions to the decisions', () => {
  const given = [yes('approved'), yes('claim'), yes('remind'), yes('copy'), yes('reassign'), yes('opinion')]
  expect(verbsOf(given).map((one) => one.code)).toEqual(['opinion', 'reassign', 'copy', 'remind'])
})

it('shows a refusal only when the person can use its reason', () => {
  const given = [no('remind', 'reminded_recently', '陈审核 已于 09:00 催办过'), no('withdraw', 'next_step_started'), no('exclude', 'permission_denied'), no('reopen', 'statement_open'), no('copy', 'not_holder')]
  expect(verbsOf(given).map((one) => [one.code, one.allowed, one.reason])).toEqual([
    ['remind', false, '陈审核 已于 09:00 催办过'],
    ['withdraw', false, '原因'],
  ])
  expect(verbsOf([yes('constructor')])).toEqual([])
})

it('says before every verb but 已阅 what it will do, and after it what was done', () => {
  const codes = ['opinion', 'reassign', 'consult', 'consult_cancel', 'copy', 'remind', 'withdraw', 'exclude', 'reopen']
  const forms = verbsOf(codes.map(yes)).map((one) => one.form)
  expect(forms).toHaveLength(codes.length)
  expect(forms.filter((form) => form.effect === '' || form.done === '')).toEqual([])
})

it('replaces a single choice and toggles several', () => {
  const person = (id: number) => ({ id, display_name: `同事${id}` }) as Colleague
  expect(choose([person(1)], person(2), false).map((one) => one.id)).toEqual([2])
  expect(choose([person(1)], person(2), true).map((one) => one.id)).toEqual([1, 2])
  expect(choose([person(1), person(2)], person(1), true).map((one) => one.id)).toEqual([2])
  expect(namesOf([person(1), person(2)])).toBe('同事1、同事2')
})

it('tells an open question from one that was answered or taken back', () => {
  const one = (given: Partial<Invitation>) => ({ kind: 'opinion', answered_at: null, withdrawn_at: null, ...given }) as Invitation
  const all = [one({}), one({ answered_at: '2026-11-02T09:00:00+08:00' }), one({ withdrawn_at: '2026-11-02T09:00:00+08:00' }), one({ kind: 'copy' })]
  expect(all.map(isWaiting)).toEqual([true, false, false, false])
  expect([invitationsOf(all).opinions.length, invitationsOf(all).copies.length]).toEqual([3, 1])
})
