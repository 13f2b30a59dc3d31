import { onBeforeUnmount, onMounted, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { api } from '@/shared/api/client'
import type { ReadingItem } from '@/shared/api/types'
import { isPresent } from './presence'

/**
 * 看没看: what was open on the page before a decision, told to the server in small reports. The server's clock decides how
 * long anything can have taken; here only the seconds somebody was there are counted, while the page was in front.
 */
const REPORT_MS = 30_000
const ITEMS_AT_MOST = 100

type Kind = ReadingItem['kind']
type Open = { kind: Kind; id: number; day: string | null; since: number; spent: number; reported: boolean }

export class Reading {
  private task = 0
  private pages = 0
  private spent = 0
  private last = 0
  private readonly open = new Map<string, Open>()
  private timer: ReturnType<typeof setInterval> | undefined

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** A task's page is in front; the one before is reported first. */
  start(task: number): void {
    if (task !== this.task) {
      void this.flush()
      this.task = task
      this.spent = 0
      this.open.clear()
    }
    this.pages += 1
    this.last = this.now()
    this.timer ??= setInterval(() => void this.flush(), REPORT_MS)
  }

  stop(): void {
    this.tick()
    this.pages -= 1
    if (this.pages > 0) return
    void this.flush()
    clearInterval(this.timer)
    this.timer = undefined
  }

  /** Something was opened; the answer closes it again. */
  look(kind: Kind, id: number, day: string | null = null): () => void {
    this.tick()
    const key = `${kind}/${id}/${day ?? ''}`
    const item = this.open.get(key) ?? { kind, id, day, since: 0, spent: 0, reported: false }
    item.since += 1
    item.reported = false
    this.open.set(key, item)
    return () => {
      this.tick()
      item.since -= 1
      if (this.pages <= 0) void this.flush()
    }
  }

  /** Time goes to the task's page and to everything that is open, on it or on a page of its own, while somebody is there. */
  private tick(): void {
    const passed = this.now() - this.last
    this.last = this.now()
    if (passed <= 0 || document.hidden || !isPresent()) return
    if (this.pages > 0) this.spent += passed
    for (const item of this.open.values()) if (item.since > 0) item.spent += passed
  }

  /** Everything not told yet; a report that is lost is lost, never an error for the person who reads. */
  async flush(): Promise<void> {
    this.tick()
    const seconds = Math.floor(this.spent / 1000)
    const items = [...this.open.values()].filter((one) => !one.reported || one.spent >= 1000).slice(0, ITEMS_AT_MOST)
    if (this.task === 0 || (seconds === 0 && items.length === 0)) return
    this.spent -= seconds * 1000
    const body = {
      seconds,
      items: items.map((one) => ({ kind: one.kind, id: one.id, day: one.day, seconds: Math.floor(one.spent / 1000) })),
    }
    for (const one of items) {
      one.spent %= 1000
      one.reported = true
    }
    for (const [key, one] of this.open) if (one.since <= 0 && one.reported) this.open.delete(key)
    try {
      await api.POST('/api/v1/tasks/{task_id}/reading', { params: { path: { task_id: this.task } }, body, keepalive: true })
    } catch {
      // Evidence only: reading goes on.
    }
  }
}

export const reading = new Reading()

/** A last report before a decision, which closes the reading; a slow network does not hold the decision up. */
export function reportBeforeDeciding(): Promise<void> {
  return Promise.race([reading.flush(), new Promise<void>((done) => setTimeout(done, 1_500))])
}

/** Of a task's page (0: nothing is to be decided here): the time on it, and a report when it goes out of sight. */
export function useReading(task: MaybeRefOrGetter<number>): void {
  const hidden = (): void => void reading.flush()
  onMounted(() => {
    reading.start(toValue(task))
    document.addEventListener('visibilitychange', hidden)
  })
  watch(
    () => toValue(task),
    (id) => {
      reading.stop()
      reading.start(id)
    },
  )
  onBeforeUnmount(() => {
    document.removeEventListener('visibilitychange', hidden)
    reading.stop()
  })
}

/** Of whatever shows one thing: open while it is mounted; another thing in the same place closes the first. */
export function useSeen(kind: Kind, id: MaybeRefOrGetter<number | null>, day: MaybeRefOrGetter<string | null> = null): void {
  let close: (() => void) | undefined
  const begin = (): void => {
    close?.()
    const found = toValue(id)
    close = found === null ? undefined : reading.look(kind, found, toValue(day))
  }
  onMounted(begin)
  watch([() => toValue(id), () => toValue(day)], begin)
  onBeforeUnmount(() => close?.())
}
