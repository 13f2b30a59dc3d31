import type { Capability, Decision, TaskNode } from '@/shared/api/types'
import type { Tone } from './labels'

/** What a person can do on a task. The server says what is possible and why not; here it only gets a look. */
export type TaskAction = {
  key: string
  title: string
  allowed: boolean
  /** The server's reason when not allowed. */
  reason: string
  tone: Tone
  run: { kind: 'claim' } | { kind: 'release' } | { kind: 'decide'; decision: Decision }
  /** A decision that needs words: without them the next person cannot act on it. */
  commentRequired: boolean
  marksRows: boolean
  /** Said before the irreversible; empty when a slip can be undone. */
  warning: string
}

type Look = Pick<TaskAction, 'tone' | 'commentRequired' | 'marksRows' | 'warning'>

const LOOKS: Record<Decision, Look> = {
  approved: { tone: 'primary', commentRequired: false, marksRows: false, warning: '通过后进入下一环节，本环节的意见不能修改。' },
  returned: { tone: 'warning', commentRequired: true, marksRows: true, warning: '退回后由机构更正并重新提交，再从乡镇街道初审开始。' },
  back_to_township: { tone: 'warning', commentRequired: true, marksRows: true, warning: '退回后由乡镇街道重新初审，再到县级审核。' },
  excluded: { tone: 'danger', commentRequired: true, marksRows: false, warning: '不纳入后，本机构本月不发放补助；评定前可由县级重新审核。' },
  resubmitted: { tone: 'primary', commentRequired: true, marksRows: false, warning: '重新提交后按最新考勤重新计算金额（一般几秒钟），并回到乡镇街道初审，审核期间不能再改。' },
  set: { tone: 'primary', commentRequired: false, marksRows: false, warning: '确定后立即开始计算，应考勤天数不能再改。' },
  evaluated: { tone: 'primary', commentRequired: false, marksRows: false, warning: '评定后本月数据封存，不能修改、不能撤回。' },
}

const ORDER = ['approved', 'set', 'evaluated', 'resubmitted', 'returned', 'back_to_township', 'excluded', 'claim', 'release']

function isDecision(action: string): action is Decision {
  return Object.prototype.hasOwnProperty.call(LOOKS, action)
}

export function actionsOf(capabilities: readonly Capability[]): TaskAction[] {
  const actions = capabilities.flatMap((one): TaskAction[] => {
    const base = { key: one.action, title: one.title, allowed: one.allowed, reason: one.reason }
    if (one.action === 'claim' || one.action === 'release') {
      // "You have claimed it already" stops nobody: these two are offered or not there.
      if (!one.allowed) return []
      return [{ ...base, tone: 'info', commentRequired: false, marksRows: false, warning: '', run: { kind: one.action } }]
    }
    // An action this version does not know is left out: a button that cannot be carried out would be a lie.
    return isDecision(one.action) ? [{ ...base, ...LOOKS[one.action], run: { kind: 'decide', decision: one.action } }] : []
  })
  return actions.sort((a, b) => ORDER.indexOf(a.key) - ORDER.indexOf(b.key))
}

/** Reasons worth saying once above the buttons, each with the actions it stops. */
export function refusals(actions: readonly TaskAction[]): { reason: string; titles: string[] }[] {
  const found = new Map<string, string[]>()
  for (const action of actions) {
    if (action.allowed || !action.reason) continue
    found.set(action.reason, [...(found.get(action.reason) ?? []), action.title])
  }
  return [...found].map(([reason, titles]) => ({ reason, titles }))
}

const QUESTIONS: Record<TaskNode, string> = {
  set_attendance_days: '本月应考勤多少天？确定后系统按此计算每名婴幼儿的补助。',
  review_township: '该机构本月的出勤与应补金额是否属实？',
  review_county: '乡镇街道初审之后，该机构本月的应补金额是否可以通过？',
  correct: '结算单被退回。请按退回意见更正考勤或说明情况，再重新提交。',
  evaluate: '各机构已审核完毕。是否评定本月数据并封存？',
}

/** What is to be decided, in one sentence. */
export function questionOf(node: TaskNode): string {
  return QUESTIONS[node]
}

/** "通过" → "确认通过"; a title that is a confirmation already stays as it is. */
export function confirmTitle(title: string): string {
  return /^(确认|确定)/.test(title) ? title : `确认${title}`
}
