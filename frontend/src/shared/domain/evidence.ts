/** An alert's evidence as titled rows. Keys are the server's; one this version does not know is shown by its own name. */

const TITLES: Record<string, string> = {
  institution_id: '机构编号',
  institution_ids: '机构编号',
  child_id: '婴幼儿编号',
  dates: '涉及日期',
  date: '日期',
  headcount: '考勤人数',
  threshold: '预警人数',
  month_average: '当月平均',
  average: '当月平均',
  month_maximum: '当月最高',
  maximum: '当月最高',
  places: '托位数',
  enrolled: '在托登记人数',
  photo_children: '进出均有照片的人数',
  days: '天数',
  days_over: '超过的天数',
}

function text(value: unknown): string {
  if (value === null || value === undefined || value === '') return '—'
  if (Array.isArray(value)) return value.map(text).join('；')
  if (typeof value === 'object') {
    return Object.entries(value)
      .map(([key, one]) => `${TITLES[key] ?? key} ${text(one)}`)
      .join('，')
  }
  if (typeof value === 'boolean') return value ? '是' : '否'
  return String(value)
}

export function evidenceRows(evidence: Record<string, unknown>): { title: string; value: string }[] {
  return Object.entries(evidence).map(([key, value]) => ({ title: TITLES[key] ?? key, value: text(value) }))
}
