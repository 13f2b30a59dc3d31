import { onScopeDispose, ref, watch } from 'vue'

const PAUSE_MS = 300

/** What is typed, and a moment later what is searched for, so that not every key asks the server. */
export function useSearch() {
  const typed = ref('')
  const searched = ref('')
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(typed, (text) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      searched.value = text.trim()
    }, PAUSE_MS)
  })
  onScopeDispose(() => clearTimeout(timer))
  return { typed, searched }
}
