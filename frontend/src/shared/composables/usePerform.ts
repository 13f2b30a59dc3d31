import { computed, shallowRef, toValue, type MaybeRefOrGetter } from 'vue'
import { useQueryClient } from '@tanstack/vue-query'
import { api, unwrap } from '@/shared/api/client'
import { Intent } from '@/shared/api/intent'
import type { Line, Task, TaskComplete, TaskDetail } from '@/shared/api/types'
import { isContentChanged, problemFrom, type Problem } from '@/shared/domain/problem'
import { keys } from './keys'

export type Act = { kind: 'claim' } | { kind: 'release' } | { kind: 'complete'; body: TaskComplete }

/** What was on screen when the decision was sent. */
export type Seen = { task: TaskDetail | undefined; lines: Line[] }

export type PerformState =
  | { state: 'idle' }
  | { state: 'sending'; act: Act }
  /** The content is not what was read; `before` is what was, for the comparison. */
  | { state: 'changed'; problem: Problem; before: Seen }
  | { state: 'refused'; problem: Problem }
  | { state: 'done'; act: Act; task: Task }

/** Claim, release and decide: the one function for console and phone. */
export function usePerform(taskId: MaybeRefOrGetter<number>) {
  const client = useQueryClient()
  const intent = new Intent()
  const state = shallowRef<PerformState>({ state: 'idle' })

  function seen(): Seen {
    const task = client.getQueryData<TaskDetail>(keys.task(toValue(taskId)))
    const lines = task?.statement && client.getQueryData<{ pages: { results: Line[] }[] }>(keys.lines(task.statement.id))
    return { task, lines: lines ? lines.pages.flatMap((page) => page.results) : [] }
  }

  function post(act: Act): Promise<Task> {
    const id = toValue(taskId)
    const params = { path: { task_id: id }, header: { 'Idempotency-Key': intent.keyFor([id, act]) } }
    if (act.kind === 'claim') return unwrap(api.POST('/api/v1/tasks/{task_id}/claim', { params }))
    if (act.kind === 'release') return unwrap(api.POST('/api/v1/tasks/{task_id}/release', { params }))
    return unwrap(api.POST('/api/v1/tasks/{task_id}/complete', { params, body: act.body }))
  }

  /** What a decision moves: tasks, the cycle's position, the statement, its alerts, the messages. */
  async function renew(): Promise<void> {
    await Promise.all(
      [keys.tasks, keys.cycles, keys.statements, keys.alerts, keys.messages].map((queryKey) => client.invalidateQueries({ queryKey })),
    )
  }

  async function perform(act: Act): Promise<Task | undefined> {
    if (state.value.state === 'sending') return undefined
    const before = seen()
    state.value = { state: 'sending', act }
    try {
      const task = await post(act)
      intent.settle()
      state.value = { state: 'done', act, task }
      await renew()
      return task
    } catch (error) {
      const problem = problemFrom(error)
      // No answer: the server may have done it. The same key makes the next press safe.
      if (problem.status > 0 && problem.status < 500) intent.settle()
      state.value = isContentChanged(problem) ? { state: 'changed', problem, before } : { state: 'refused', problem }
      if (problem.status === 409) await renew()
      return undefined
    }
  }

  return {
    state: computed(() => state.value),
    sending: computed(() => state.value.state === 'sending'),
    perform,
    /** The person has seen the refusal or the change. */
    acknowledge: () => {
      state.value = { state: 'idle' }
    },
  }
}
