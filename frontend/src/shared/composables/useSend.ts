import { computed, shallowRef, type ComputedRef } from 'vue'
import { problemFrom, type Problem } from '@/shared/domain/problem'

export type SendState<T> =
  | { state: 'idle' }
  | { state: 'sending' }
  | { state: 'refused'; problem: Problem }
  | { state: 'done'; result: T }

/** One thing sent to the server at a time; a second press while it is under way does nothing. */
export function useSend<A extends unknown[], T>(action: (...args: A) => Promise<T>): {
  state: ComputedRef<SendState<T>>
  send: (...args: A) => Promise<T | undefined>
  reset: () => void
} {
  const state = shallowRef<SendState<T>>({ state: 'idle' })
  async function send(...args: A): Promise<T | undefined> {
    if (state.value.state === 'sending') return undefined
    state.value = { state: 'sending' }
    try {
      const result = await action(...args)
      state.value = { state: 'done', result }
      return result
    } catch (error) {
      state.value = { state: 'refused', problem: problemFrom(error) }
      return undefined
    }
  }
  return {
    state: computed(() => state.value),
    send,
    reset: () => {
      state.value = { state: 'idle' }
    },
  }
}
