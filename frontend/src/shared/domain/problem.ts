/** What the server (RFC 9457) or the network says went wrong, with what a person can do next. */

export type FieldError = { field: string; message: string }

export type Problem = {
  status: number
  code: string
  title: string
  /** One Chinese sentence: what happened. */
  detail: string
  /** One Chinese sentence: what to do next. */
  advice: string
  errors: FieldError[]
  /** What an administrator looks up in the log; empty when there is none. */
  incident: string
  /** Facts that go with the code, never personal data. */
  details: Record<string, unknown>
}

export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail)
    this.name = 'ProblemError'
  }
}

/** The server said no, as opposed to no answer or a fault: then it may have been done, and the same key must be sent again. */
export function isAnswered(error: unknown): boolean {
  return error instanceof ProblemError && error.problem.status > 0 && error.problem.status < 500
}

/** 409 because the content is no longer what the approver saw, as opposed to somebody else having decided. */
export function isContentChanged(problem: Problem): boolean {
  return problem.status === 409 && problem.code.includes('content')
}

export function isSignedOut(problem: Problem): boolean {
  return problem.status === 401
}

function adviceFor(status: number, code: string): string {
  if (code === 'password_wrong') return '连续 5 次不正确（含登录）将暂停 15 分钟；已填写的内容仍然保留。'
  if (code === 'sign_in_locked') return '到时间后再试；忘记密码请联系系统管理员。'
  if (code === 'identity_required') return '请点“评定”，重新确认身份。'
  if (status === 0) return '请检查网络后重试；已填写的内容仍然保留。'
  if (status === 401) return '请重新登录后继续。'
  if (status === 403) return '如确需办理，请联系系统管理员核对您的角色和管辖范围。'
  if (status === 404) return '请返回列表重新查找；如应由您办理，请联系系统管理员核对管辖范围。'
  if (status === 409) return code.includes('content') ? '请重新载入，核对变化后再确认。' : '请刷新页面，查看最新状态。'
  if (status === 413) return '请压缩文件后再上传。'
  if (status === 429) return '操作过于频繁，请稍候再试。'
  if (status === 503) return '系统正忙，请稍候几秒再试；已填写的内容仍然保留。'
  if (status >= 500) return '请稍后重试；如一直出现，请把时间和编号告诉系统管理员。'
  return '请按提示修改后再提交。'
}

function titleFor(status: number, code: string): string {
  if (code === 'sign_in_locked') return '已暂停'
  if (code === 'identity_required') return '身份尚未确认'
  if (status === 0) return '网络不通'
  if (status === 401) return '登录已过期'
  if (status === 403) return '没有权限'
  if (status === 404) return '找不到这条数据'
  if (status === 409) return '状态已变化'
  if (status === 429 || status === 503) return '系统正忙'
  if (status >= 500) return '服务器出错'
  return '未能办理'
}

const FALLBACK: Record<number, string> = {
  0: '没有连上服务器。',
  401: '登录已过期或尚未登录。',
  403: '当前账号没有办理这件事的权限。',
  404: '这条数据不存在，或不在您的管辖范围内。',
  409: '这件事的状态已经变化。',
  429: '请求过于频繁。',
  503: '系统正忙，暂时没有办成。',
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.trim() : ''
}

function fieldErrors(value: unknown): FieldError[] {
  if (Array.isArray(value)) {
    return value.flatMap((one: unknown) => {
      if (typeof one !== 'object' || one === null) return []
      const { field, message } = one as Record<string, unknown>
      return text(message) ? [{ field: text(field), message: text(message) }] : []
    })
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([field, messages]) =>
      (Array.isArray(messages) ? messages : [messages]).map((message) => ({ field, message: text(message) || String(message) })),
    )
  }
  return []
}

/** The problem of an answer. A body that is not a problem body (a proxy's HTML page) still gives a readable sentence. */
export function problemOf(status: number, body: unknown): Problem {
  const given = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  const code = text(given.code) || `http_${status}`
  return {
    status,
    code,
    title: titleFor(status, code),
    detail: text(given.detail) || FALLBACK[status] || (status >= 500 ? '服务器没有办成这件事。' : '提交的内容未被接受。'),
    advice: adviceFor(status, code),
    errors: fieldErrors(given.errors),
    incident: text(given.incident),
    details: typeof given.details === 'object' && given.details !== null ? (given.details as Record<string, unknown>) : {},
  }
}

/** What the fields say beyond the sentence above them. */
export function unsaidErrors(problem: Problem): FieldError[] {
  return problem.errors.filter((one) => !problem.detail.includes(one.message))
}

export function networkProblem(): Problem {
  return problemOf(0, null)
}

/** Any thrown thing as a problem: a fault of our own program must not look like a fault of the network. */
export function problemFrom(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem
  const detail = error instanceof Error ? error.message : String(error)
  return {
    status: -1,
    code: 'client_error',
    title: '页面出错',
    detail,
    advice: '请刷新页面；如一直出现，请联系系统管理员。',
    errors: [],
    incident: '',
    details: {},
  }
}
