import type { Capability, Invitation } from '@/shared/api/types'

/**
 * The acts beside the decision. The server says what is possible and why not; here stands what each asks for and what it
 * will do, for the forms of the console and of the phone alike.
 */
export type VerbCode = 'opinion' | 'read' | 'reassign' | 'consult' | 'consult_cancel' | 'copy' | 'remind' | 'withdraw' | 'exclude' | 'reopen'
export type ColleaguePurpose = 'reassign' | 'consult' | 'copy'

export type VerbForm = {
  /** Said before it is done: what will happen, and whether it can be taken back. */
  effect: string
  people: { purpose: ColleaguePurpose; several: boolean } | null
  comment: { label: string; placeholder: string; least: number; most: number } | null
  /** Undoes the work of somebody, or takes money away. */
  grave: boolean
  /** Said when it is done. */
  done: string
}

export type Verb = { code: VerbCode; title: string; allowed: boolean; reason: string; form: VerbForm }

/** A reason that is printed or ends somebody's work has to say something. */
const REASON = 5

const FORMS: Record<VerbCode, VerbForm> = {
  opinion: {
    effect: '意见署您的姓名，记入办理记录，答复后不能修改。是否通过仍由办理人决定。',
    people: null,
    comment: { label: '意见', placeholder: '写明您核对了什么、看法是什么', least: 1, most: 500 },
    grave: false,
    done: '意见已提交。',
  },
  read: { effect: '', people: null, comment: null, grave: false, done: '已阅。' },
  reassign: {
    effect: '任务转到对方名下并通知对方，您不再是办理人。职责分离按对方重新核对。',
    people: { purpose: 'reassign', several: false },
    comment: { label: '转办原因', placeholder: '例如：出差至周五，无法按期办理', least: 1, most: 500 },
    grave: false,
    done: '已转办。',
  },
  consult: {
    effect: '对方答复或您撤回加签之前，任务不能办理。任务仍在您名下，未认领的随之认领。',
    people: { purpose: 'consult', several: true },
    comment: { label: '征求意见的问题', placeholder: '例如：9 日有入园无离园，是否属实？', least: 1, most: 500 },
    grave: false,
    done: '已发出加签，等待答复。',
  },
  consult_cancel: { effect: '尚未答复的同事不再需要答复，任务可以继续办理。已答复的意见保留。', people: null, comment: null, grave: false, done: '加签已撤回。' },
  copy: {
    effect: '对方会收到消息，并在“抄送我的”中看到这件任务；不影响办理。',
    people: { purpose: 'copy', several: true },
    comment: { label: '附言（可不填）', placeholder: '想请对方留意什么', least: 0, most: 500 },
    grave: false,
    done: '已抄送。',
  },
  remind: { effect: '办理人会收到一条催办消息；尚未认领的，通知所有可以办理的人。4 小时内不能重复催办。', people: null, comment: null, grave: false, done: '已催办。' },
  withdraw: {
    effect: '您的办理意见作废并保留在记录中，回到本环节重新办理。下一环节有人打开之后就不能撤回。',
    people: null,
    comment: { label: '撤回原因', placeholder: '例如：勾选有误，需重新核对', least: REASON, most: 500 },
    grave: true,
    done: '已撤回，回到本环节重新办理。',
  },
  exclude: {
    effect: '本机构本月不发放补助，正在进行的审核随之结束，理由会印在报告上。评定前可以重新审核。',
    people: null,
    comment: { label: '不纳入的理由', placeholder: '例如：备案已注销，报告会印出这句话', least: REASON, most: 300 },
    grave: true,
    done: '已不纳入本月。',
  },
  reopen: {
    effect: '此前的审核意见作废并保留在记录中，按最新考勤重新计算，再从乡镇街道初审开始新的一轮。等待中的评定任务随之撤下。',
    people: null,
    comment: { label: '重新审核的原因', placeholder: '例如：收到群众反映，需核对 9 日考勤', least: REASON, most: 500 },
    grave: true,
    done: '已重新审核，回到乡镇街道初审。',
  },
}

/** Reasons that tell the person something they can use. All others mean: not yours, or not the moment; then nothing is shown. */
const TELLING: Record<VerbCode, readonly string[]> = {
  opinion: ['duty_conflict', 'not_your_region'],
  read: [],
  reassign: [],
  consult: ['duty_conflict'],
  consult_cancel: [],
  copy: [],
  remind: ['reminded_recently'],
  withdraw: ['next_step_started', 'decision_superseded', 'decision_final', 'cycle_already_evaluated'],
  exclude: ['duty_conflict'],
  reopen: ['cycle_already_evaluated'],
}

const isVerb = (code: string): code is VerbCode => Object.prototype.hasOwnProperty.call(FORMS, code)

/** What to offer, in the order of the forms above: whatever somebody else waits for comes first. */
export function verbsOf(capabilities: readonly Capability[]): Verb[] {
  const order = Object.keys(FORMS)
  return capabilities
    .flatMap((one): Verb[] => {
      if (!isVerb(one.action) || !(one.allowed || TELLING[one.action].includes(one.reason_code))) return []
      return [{ code: one.action, title: one.title, allowed: one.allowed, reason: one.allowed ? '' : one.reason, form: FORMS[one.action] }]
    })
    .sort((a, b) => order.indexOf(a.code) - order.indexOf(b.code))
}

/** Opinions asked for and copies, each list oldest first. */
export function invitationsOf(invitations: readonly Invitation[]) {
  return {
    opinions: invitations.filter((one) => one.kind === 'opinion'),
    copies: invitations.filter((one) => one.kind === 'copy'),
  }
}

export const isWaiting = (one: Invitation) => one.kind === 'opinion' && !one.answered_at && !one.withdrawn_at
