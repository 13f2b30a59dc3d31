import { computed, ref, toValue, watch, type MaybeRefOrGetter } from 'vue'
import type { MarkedLine, RequiredDaysInput, Task, TaskComplete, TaskDetail } from '@/shared/api/types'
import { actionsOf, refusals, type TaskAction } from '@/shared/domain/capability'
import { useTasks } from './useTasks'
import { usePerform, type Act } from './usePerform'

/** The least that can say why (the server's rule for every reason). */
export const REASON_MIN = 5

/** 评定 cannot be taken back: who does it proves to be that person once more. */
export const asksIdentity = (action: TaskAction | null): boolean => action?.key === 'evaluated'

/** What a person fills in before deciding a task, and the deciding itself. */
export function useDecision(task: MaybeRefOrGetter<TaskDetail>) {
  const performing = usePerform(() => toValue(task).id)
  const comment = ref('')
  const marked = ref<MarkedLine[]>([])
  /** Typed again before an evaluation; never kept longer than the act. */
  const password = ref('')
  const requiredDays = ref<RequiredDaysInput | null>(null)

  watch(
    () => toValue(task).id,
    () => {
      comment.value = ''
      marked.value = []
      password.value = ''
      requiredDays.value = null
      performing.forget()
    },
  )

  const actions = computed(() => actionsOf(toValue(task).capabilities))

  /** What is still to be filled in for this action; empty when nothing. */
  function missing(action: TaskAction): string {
    if (action.commentRequired && comment.value.trim().length < REASON_MIN) return `须先在意见中写明理由（至少 ${REASON_MIN} 个字）`
    if (action.marksRows && marked.value.some((one) => one.reason.trim() === '')) return '请写明每一行勾选的原因'
    if (action.key === 'set' && !requiredDays.value) return '请先填好应考勤天数'
    return ''
  }

  /** What is still to be filled in, each thing once with the actions that wait for it. */
  const unfilled = computed(() => {
    const found = new Map<string, string[]>()
    for (const action of actions.value) {
      const text = action.allowed ? missing(action) : ''
      if (text) found.set(text, [...(found.get(text) ?? []), action.title])
    }
    return [...found].map(([text, titles]) => ({ text, titles }))
  })

  function actOf(action: TaskAction): Act {
    if (action.run.kind !== 'decide') return { kind: action.run.kind }
    const body: TaskComplete = {
      decision: action.run.decision,
      comment: comment.value.trim(),
      // Bound to exactly the version on screen.
      content_hash: toValue(task).content_hash,
    }
    if (action.marksRows) body.marked_lines = marked.value.map((one) => ({ line_id: one.line_id, reason: one.reason.trim() }))
    if (action.key === 'set' && requiredDays.value) body.required_days = requiredDays.value
    return { kind: 'complete', body }
  }

  async function run(action: TaskAction): Promise<Task | undefined> {
    if (!action.allowed || missing(action)) return undefined
    const typed = asksIdentity(action) ? password.value : ''
    password.value = ''
    return performing.perform(actOf(action), typed)
  }

  return {
    state: performing.state,
    sending: performing.sending,
    acknowledge: performing.acknowledge,
    confirm: performing.confirm,
    actions,
    refusals: computed(() => refusals(actions.value)),
    unfilled,
    comment,
    marked,
    setComment: (text: string) => {
      comment.value = text
    },
    password,
    setPassword: (text: string) => {
      password.value = text
    },
    requiredDays,
    missing,
    run,
  }
}

export type DecisionForm = ReturnType<typeof useDecision>

/** The next thing to do: what is already mine first, of the same kind first. */
export function useNextTask(task: MaybeRefOrGetter<TaskDetail>) {
  const boxes = [useTasks('inbox').view, useTasks('queue').view]
  return computed(() => {
    const others = boxes.flatMap(({ value }) => (value.state === 'done' ? value.data.filter((one) => one.id !== toValue(task).id) : []))
    return others.find((one) => one.node === toValue(task).node) ?? others[0] ?? null
  })
}
