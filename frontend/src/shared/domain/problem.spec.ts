import { expect, it } from 'vitest'
import { isContentChanged, isSignedOut, networkProblem, problemFrom, problemOf, ProblemError } from './problem'

it('reads a problem body', () => {
  const problem = problemOf(400, {
    type: 'urn:zhishan:problem:invalid',
    status: 400,
    detail: '请填写应考勤天数',
    code: 'required_days_missing',
    errors: [{ field: 'required_days', message: '请填写应考勤天数' }, 'nonsense', { field: 'x' }],
    incident: 'a1b2',
  })
  expect(problem).toEqual({
    status: 400,
    code: 'required_days_missing',
    title: '未能办理',
    detail: '请填写应考勤天数',
    advice: '请按提示修改后再提交。',
    errors: [{ field: 'required_days', message: '请填写应考勤天数' }],
    incident: 'a1b2',
    details: {},
  })
})

it('reads field errors written as a map', () => {
  expect(problemOf(400, { errors: { reason: ['太短', '必填'] } }).errors).toEqual([
    { field: 'reason', message: '太短' },
    { field: 'reason', message: '必填' },
  ])
})

it.each([
  [401, '登录已过期', '请重新登录后继续。'],
  [403, '没有权限', '如确需办理，请联系系统管理员核对您的角色和管辖范围。'],
  [404, '找不到这条数据', '请返回列表重新查找；如应由您办理，请联系系统管理员核对管辖范围。'],
  [409, '状态已变化', '请刷新页面，查看最新状态。'],
  [429, '系统正忙', '操作过于频繁，请稍候再试。'],
  [503, '系统正忙', '系统正忙，请稍候几秒再试；已填写的内容仍然保留。'],
  [500, '服务器出错', '请稍后重试；如一直出现，请把时间和编号告诉系统管理员。'],
])('says what to do about %i even without a problem body', (status, title, advice) => {
  const problem = problemOf(status, '<html>Bad gateway</html>')
  expect([problem.title, problem.advice, problem.code]).toEqual([title, advice, `http_${status}`])
  expect(problem.detail).not.toBe('')
})

it('tells changed content from another conflict', () => {
  expect(isContentChanged(problemOf(409, { code: 'content_changed' }))).toBe(true)
  expect(isContentChanged(problemOf(409, { code: 'task_claimed_by_other' }))).toBe(false)
  expect(isContentChanged(problemOf(400, { code: 'content_changed' }))).toBe(false)
  expect(isSignedOut(problemOf(401, null))).toBe(true)
})

it('keeps what was typed when the network breaks', () => {
  expect(networkProblem()).toMatchObject({ status: 0, title: '网络不通', advice: '请检查网络后重试；已填写的内容仍然保留。' })
})

it('does not blame the network for our own faults', () => {
  expect(problemFrom(new RangeError('boom'))).toMatchObject({ status: -1, code: 'client_error', detail: 'boom' })
  const problem = networkProblem()
  expect(problemFrom(new ProblemError(problem))).toBe(problem)
})
