/** Moments are shown in Shanghai time, whatever the machine is set to. Dates ("2026-10-09") stay text. */

const formatter = new Intl.DateTimeFormat('zh-CN', {
  timeZone: 'Asia/Shanghai',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
})

type Parts = { year: string; month: string; day: string; hour: string; minute: string; second: string }

function partsOf(moment: string): Parts | null {
  const date = new Date(moment)
  if (Number.isNaN(date.getTime())) return null
  const parts: Record<string, string> = {}
  for (const { type, value } of formatter.formatToParts(date)) parts[type] = value
  // Some engines write midnight as 24.
  return { ...(parts as Parts), hour: parts.hour === '24' ? '00' : (parts.hour ?? '00') }
}

/** "2026-10-09T00:05:00Z" → "2026-10-09 08:05". */
export function formatDateTime(moment: string | null | undefined): string {
  const p = moment ? partsOf(moment) : null
  return p ? `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}` : '—'
}

/** "2026-10-09T00:05:09Z" → "08:05" or, with seconds, "08:05:09". */
export function formatTime(moment: string | null | undefined, seconds = false): string {
  const p = moment ? partsOf(moment) : null
  if (!p) return '—'
  return seconds ? `${p.hour}:${p.minute}:${p.second}` : `${p.hour}:${p.minute}`
}

/** The Shanghai date of a moment, "2026-10-09". */
export function dateOf(moment: string): string {
  const p = partsOf(moment)
  return p ? `${p.year}-${p.month}-${p.day}` : ''
}

/** "2026-10-09" → "10月9日". */
export function formatDay(date: string): string {
  const match = /^\d{4}-(\d{2})-(\d{2})$/.exec(date)
  return match ? `${Number(match[1])}月${Number(match[2])}日` : date
}

const WEEKDAYS = ['一', '二', '三', '四', '五', '六', '日'] as const

/** Monday is 0. Read from the calendar date itself, so no time zone takes part. */
export function weekdayOf(date: string): number {
  const [year = 0, month = 1, day = 1] = date.split('-').map(Number)
  return (new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 6) % 7
}

/** "2026-10-09" → "周五". */
export function formatWeekday(date: string): string {
  return `周${WEEKDAYS[weekdayOf(date)]}`
}

/** How long ago, for lists: "刚刚", "5 分钟前", "3 小时前", then the date. */
export function formatAgo(moment: string, now: Date): string {
  const minutes = Math.floor((now.getTime() - new Date(moment).getTime()) / 60_000)
  if (minutes < 1) return '刚刚'
  if (minutes < 60) return `${minutes} 分钟前`
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} 小时前`
  return formatDateTime(moment)
}

/** A size for people: 1536 → "1.5 KB". */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} 字节`
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KB`
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`
}
