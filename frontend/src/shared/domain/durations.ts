/** Lengths of time come as whole microseconds, so that the server's sums are exact; people read days and hours. */

const MINUTE = 60_000_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** 273_600_000_000 → "3 天 4 小时". Two units at most; below a minute "不到 1 分钟". */
export function formatDuration(microseconds: number): string {
  if (microseconds < MINUTE) return '不到 1 分钟'
  const days = Math.floor(microseconds / DAY)
  const hours = Math.floor((microseconds % DAY) / HOUR)
  const minutes = Math.floor((microseconds % HOUR) / MINUTE)
  if (days) return hours ? `${days} 天 ${hours} 小时` : `${days} 天`
  if (hours) return minutes ? `${hours} 小时 ${minutes} 分钟` : `${hours} 小时`
  return `${minutes} 分钟`
}

/** 75 → "1 分钟": for waits that the server counts in seconds. */
export function formatSeconds(seconds: number): string {
  return seconds < 60 ? `${seconds} 秒` : formatDuration(seconds * 1_000_000)
}

/** Worth a word: at least twice what is usual, and more than an hour. */
export function isUnusual(length: number, usual: number | undefined): boolean {
  return usual !== undefined && length > HOUR && length >= 2 * usual
}

/** Pieces shorter than a second are the moment between two steps: part of the sum, not of the picture. */
export function isVisible(length: number): boolean {
  return length >= 1_000_000
}
