/** Chinese words for stored codes (the glossary's left column). The server's own titles win where it sends them. */

export type Tone = 'primary' | 'success' | 'warning' | 'danger' | 'info'
export type Label = { text: string; tone: Tone }

const pick = <T>(table: Record<string, T>, code: string, otherwise: T): T =>
  Object.prototype.hasOwnProperty.call(table, code) ? (table[code] as T) : otherwise
const plain = (table: Record<string, string>) => (code: string) => pick(table, code, code)
const toned = (table: Record<string, Label>) => (code: string): Label => pick<Label>(table, code, { text: code, tone: 'info' })

export const roleLabel = plain({
  institution_operator: '机构填报员',
  township_reviewer: '乡镇街道初审',
  county_reviewer: '县级审核',
  evaluator: '评定人',
  auditor: '财务与审计',
  leader: '领导查看',
  system_admin: '系统管理员',
  security_admin: '安全管理员',
  audit_admin: '审计管理员',
})

export const classTypeLabel = plain({ infant: '乳儿班', younger_toddler: '托小班', older_toddler: '托大班', mixed: '混龄班' })
export const careModeLabel = plain({ full_day: '全日托', half_day: '半日托', hourly: '计时托' })

export const nodeLabel = plain({
  start: '开启月度周期',
  set_attendance_days: '设定应考勤天数',
  calculate: '计算应补金额',
  warn: '智能预警',
  review_statements: '逐机构审核',
  evaluate: '评定',
  snapshot: '评定备份',
  report: '生成报告',
  end: '完成',
  review_township: '乡镇街道初审',
  review_county: '县级审核',
  correct: '机构更正',
  approved: '已通过',
  excluded: '不纳入本月',
})

export const statementStateLabel = toned({
  open: { text: '审核中', tone: 'primary' },
  approved: { text: '已通过', tone: 'success' },
  excluded: { text: '不纳入本月', tone: 'warning' },
  cancelled: { text: '本月已取消', tone: 'info' },
})

export const sealStateLabel = toned({
  sound: { text: '核验一致', tone: 'success' },
  damaged: { text: '有异常', tone: 'danger' },
  unsaved: { text: '备份未齐', tone: 'warning' },
  unchecked: { text: '等待核验', tone: 'info' },
})

/** Where packages lie, by the names of the settings. */
export const locationLabel = plain({ directory: '备份目录', s3: '对象存储' })
/** What a month was last compared with. */
export const witnessLabel = (name: string) => (name === '' ? '无可核对的封存包' : name === 'copy' ? '库内副本' : `${locationLabel(name)}的封存包`)
/** Sealed tables in plain words; the code stands beside them for whoever repairs. */
export const sealedTableLabel = (table: string) =>
  pick(
    {
      subsidy_snapshot: '月度汇总',
      subsidy_snap_statement: '结算单',
      subsidy_snap_line: '明细行',
      subsidy_snap_adjust: '补发追回行',
      subsidy_evaluation: '评定',
      seal_month: '封存记录',
      seal_tree: '封存副本',
      seal_log: '年度日志',
      seal_private: '封存密文',
    },
    table,
    table.startsWith('backup:') ? '备份的封存包' : '',
  )
export const signatureLabel = plain({ ed25519: 'Ed25519', sm2: '国密 SM2', unreadable: '公钥不可读' })

export const decisionLabel = toned({
  approved: { text: '通过', tone: 'success' },
  returned: { text: '退回', tone: 'warning' },
  back_to_township: { text: '退回初审', tone: 'warning' },
  excluded: { text: '不纳入本月', tone: 'danger' },
  resubmitted: { text: '重新提交', tone: 'primary' },
  evaluated: { text: '评定', tone: 'success' },
  set: { text: '已设定', tone: 'success' },
})

/** Beside a decision that no longer holds. */
export const takebackLabel = plain({ withdrawn: '已撤回', reopened: '已重新审核' })

/** Somebody before has to look again: the institution, or the township. */
export const isReturn = (decision: string) => decision === 'returned' || decision === 'back_to_township'

/** What is usually wrong with a row; anything else may be written. */
export const MARK_REASONS = ['缺入园或离园打卡', '请假未说明', '照片与本人不符', '在托天数与登记不符', '班型或托育模式有误']

export const eventLabel = plain({
  started: '流程开始',
  created: '任务产生',
  opened: '打开',
  unattended: '无合格办理人',
  claimed: '认领',
  released: '放弃认领',
  assigned: '指派',
  reassigned: '转办',
  consulted: '加签',
  consult_cancelled: '撤回加签',
  opinion: '答复意见',
  copied: '抄送',
  read: '已阅',
  reminded: '催办',
  decided: '办理',
  withdrawn: '撤回',
  reopened: '重新审核',
  cancelled: '取消',
  due_soon: '临期提醒',
  overdue: '超期',
  escalated: '超期告知上级',
  job_done: '作业完成',
  job_retried: '作业重试',
  job_failed: '作业失败',
  job_cancelled: '作业取消',
  job_revived: '作业重启',
  recalculated: '更正后重新计算',
  joined: '全部审结',
  finished: '流程结束',
})

export const jobStateLabel = toned({
  waiting: { text: '等待处理', tone: 'info' },
  running: { text: '进行中', tone: 'primary' },
  retrying: { text: '等待自动重试', tone: 'warning' },
  failed: { text: '出错', tone: 'danger' },
  cancelled: { text: '已取消', tone: 'info' },
  done: { text: '完成', tone: 'success' },
})

export const jobsStatusLabel = toned({
  ok: { text: '正常', tone: 'success' },
  late: { text: '有作业到时无人处理', tone: 'warning' },
  silent: { text: '没有运行中的处理程序', tone: 'danger' },
})

export const alertStateLabel = toned({
  open: { text: '待处置', tone: 'danger' },
  settled: { text: '已处置', tone: 'success' },
  gone: { text: '已消除', tone: 'info' },
})

export const alertOutcomeLabel = toned({
  confirmed: { text: '属实', tone: 'danger' },
  dismissed: { text: '排除', tone: 'success' },
  corrected: { text: '已更正', tone: 'primary' },
})

export const alertSeverityLabel = toned({
  high: { text: '高', tone: 'danger' },
  medium: { text: '中', tone: 'warning' },
  low: { text: '低', tone: 'info' },
})

export const correctionStateLabel = toned({
  proposed: { text: '待核', tone: 'warning' },
  accepted: { text: '已采纳', tone: 'success' },
  rejected: { text: '未采纳', tone: 'danger' },
})

export const correctionKindLabel = plain({ present: '应计为出勤', absent: '不应计为出勤' })

export const dayStatusLabel = toned({
  counted: { text: '计入', tone: 'success' },
  not_counted: { text: '不计入', tone: 'info' },
  not_captured: { text: '未采集', tone: 'warning' },
})

export const feedStateLabel = toned({
  captured: { text: '已采集', tone: 'success' },
  silent: { text: '未采集', tone: 'warning' },
  partial: { text: '部分未采集', tone: 'warning' },
  closed: { text: '非工作日', tone: 'info' },
})

export const dayKindLabel = plain({ workday: '工作日', makeup: '调休上班', holiday: '法定节假日', weekend: '周末' })
export const directionLabel = plain({ in: '入园', out: '离园' })
export const punchSourceLabel = plain({ gate: '闸机', face: '人脸', roll_call: '点名', manual: '补录' })
export const reportKindLabel = plain({ pdf: 'PDF 报告', xlsx: 'Excel 明细' })

/** "三江街道"; the two register rows without one are named as such instead of left blank. */
export function townshipText(name: string | null | undefined): string {
  return name || '乡镇街道待补'
}

/** How far an invitation is: a question is open, answered or taken back; a copy is read or not. */
export function invitationLabel(one: { kind: string; answered_at: string | null; withdrawn_at: string | null; read_at: string | null }): Label {
  if (one.kind === 'copy') return one.read_at ? { text: '已阅', tone: 'success' } : { text: '未阅', tone: 'info' }
  if (one.withdrawn_at) return { text: '已撤回', tone: 'info' }
  return one.answered_at ? { text: '已答复', tone: 'success' } : { text: '等待答复', tone: 'warning' }
}

/** "吴鹿山 → 赵同事", "→ 王三江、李评定": from whom to whom an event went; empty when it went to nobody. */
export function handed(event: { from_name: string; to_name: string }): string {
  return event.to_name ? `${event.from_name ? `${event.from_name} ` : ''}→ ${event.to_name}` : ''
}
