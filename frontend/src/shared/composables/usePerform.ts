import { computed, shallowRef, toValue, type MaybeRefOrGetter } from 'vue'
import { useQueryClient } from '@tanstack/vue-query'
import { api, unwrap } from '@/shared/api/client'
import { Intent } from '@/shared/api/intent'
import type { IdentityConfirm, Task, TaskComplete } from '@/shared/api/types'
import { changedOf, type Changed } from '@/shared/domain/difference'
import { isContentChanged, problemFrom, type Problem } from '@/shared/domain/problem'
import { keys } from './keys'
import { reportBeforeDeciding } from './reading'

export type Act = { kind: 'claim' } | { kind: 'release' } | { kind: 'complete'; body: TaskComplete }

export type PerformState =
  | { state: 'idle' }
  | { state: 'sending'; act: Act }
  /** The content is not what was read; `act` can be sent again as a confirmation of `changed`. */
  | { state: 'changed'; problem: Problem; changed: Changed; act: Act }
  | { state: 'refused'; problem: Problem }
  | { state: 'done'; act: Act; task: Task }

/** Claim, release and decide: the one function for console and phone. */
export function usePerform(taskId: MaybeRefOrGetter<number>) {
  const client = useQueryClient()
  const intent = new Intent()
  const state = shallowRef<PerformState>({ state: 'idle' })
  /** The version read before the change that was shown; every later decision says so, until one is taken. */
  let confirms = ''

  function post(act: Act): Promise<Task> {
    const id = toValue(taskId)
    const params = { path: { task_id: id }, header: { 'Idempotency-Key': intent.keyFor([id, act]) } }
    if (act.kind === 'claim') return unwrap(api.POST('/api/v1/tasks/{task_id}/claim', { params }))
    if (act.kind === 'release') return unwrap(api.POST('/api/v1/tasks/{task_id}/release', { params }))
    const body = confirms && act.body.content_hash !== confirms ? { ...act.body, confirms } : act.body
    return unwrap(api.POST('/api/v1/tasks/{task_id}/complete', { params, body }))
  }

  /** What a decision moves: tasks, the cycle's position, the statement, its alerts, the messages. */
  async function renew(): Promise<void> {
    await Promise.all(
      [keys.tasks, keys.cycles, keys.statements, keys.alerts, keys.messages].map((queryKey) => client.invalidateQueries({ queryKey })),
    )
  }

  /** With a password the person proves to be there first (评定): a wrong one is refused before anything is decided. */
  async function perform(act: Act, identity: IdentityConfirm | null = null): Promise<Task | undefined> {
    if (state.value.state === 'sending') return undefined
    state.value = { state: 'sending', act }
    try {
      if (identity) await unwrap(api.POST('/api/v1/session/identity', { body: identity }))
      if (act.kind === 'complete') await reportBeforeDeciding()
      const task = await post(act)
      intent.settle()
      confirms = ''
      state.value = { state: 'done', act, task }
      // The answer is the task as it now is: on screen at once, before the lists are read again.
      client.setQueryData(keys.task(toValue(taskId)), task)
      await renew()
      return task
    } catch (error) {
      const problem = problemFrom(error)
      // No answer: the server may have done it. The same key makes the next press safe.
      if (problem.status > 0 && problem.status < 500) intent.settle()
      const changed = isContentChanged(problem) ? changedOf(problem) : null
      confirms = changed ? (changed.difference?.seen_hash ?? '') : confirms
      state.value = changed ? { state: 'changed', problem, changed, act } : { state: 'refused', problem }
      if (problem.status === 409) await renew()
      return undefined
    }
  }

  return {
    state: computed(() => state.value),
    sending: computed(() => state.value.state === 'sending'),
    perform,
    /** Decide as before, on the version that is there now: what changed in between has been shown, and is confirmed by this. */
    confirm: async (): Promise<Task | undefined> => {
      const { value } = state
      if (value.state !== 'changed' || value.act.kind !== 'complete' || !value.changed.difference) return undefined
      return perform({ kind: 'complete', body: { ...value.act.body, content_hash: value.changed.contentHash } })
    },
    /** The person has seen the refusal or the change. */
    acknowledge: () => {
      state.value = { state: 'idle' }
    },
    /** Another task: nothing of the last one is confirmed here. */
    forget: () => {
      confirms = ''
      state.value = { state: 'idle' }
    },
  }
}
