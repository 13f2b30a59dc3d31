import { computed, ref, type ComputedRef } from 'vue'

/**
 * Pages that renew themselves must not keep the session of an empty chair alive (the server ends idle sessions and counts
 * every request but the two counters as a person's). So renewal stops some minutes after the last touch.
 */
const AWAY_AFTER_MS = 5 * 60_000
const present = ref(true)
let timer: ReturnType<typeof setTimeout> | undefined

function touch(): void {
  present.value = true
  clearTimeout(timer)
  timer = setTimeout(() => {
    present.value = false
  }, AWAY_AFTER_MS)
}

export function watchPresence(): void {
  for (const event of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart']) {
    window.addEventListener(event, touch, { passive: true })
  }
  touch()
}

/** An interval for vue-query: `ms` while somebody is there, otherwise none. */
export function whilePresent(ms: number): ComputedRef<number | false> {
  return computed(() => (present.value ? ms : false))
}

export function isPresent(): boolean {
  return present.value
}
