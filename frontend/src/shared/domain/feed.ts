import type { FeedDay, FeedSettle } from '@/shared/api/types'

export type FeedChoice = FeedSettle['choice']

/** What a day without data may be taken for, and what follows; the server decides whether it is possible. */
export const FEED_CHOICES: readonly { value: FeedChoice; title: string; effect: string }[] = [
  { value: 'not_captured', title: '确认未采集', effect: '没有数据可补。这一天仍显示为“未采集”，按补助方案对未采集的规定处理。' },
  { value: 'paper', title: '以书面签到为准', effect: '签到表上的婴幼儿已提出并核定考勤更正；没有更正的按未到处理。' },
  { value: 'closed', title: '当日未开园', effect: '机构当日没有开放，这一天不计出勤，也不计在托工作日。' },
]

/** Choices that fit the day: where other devices delivered, the institution was open. */
export const choicesFor = (day: Pick<FeedDay, 'state'>) => FEED_CHOICES.filter((one) => one.value !== 'closed' || day.state !== 'partial')

export const lastSettlement = (day: FeedDay) => day.settlements[day.settlements.length - 1] ?? null

export const isMissing = (day: Pick<FeedDay, 'state'>) => day.state === 'silent' || day.state === 'partial'

/** "13日 部分未采集，设备离线" for readers who hear the calendar. */
export function daySpoken(day: FeedDay, state: string): string {
  const settled = lastSettlement(day)
  const parts = [state, isMissing(day) ? day.cause_text : '', settled ? `已处置：${settled.choice_title}` : day.needs_settling ? '待处置' : '']
  return parts.filter(Boolean).join('，')
}
