import { computed, ref, toValue, watch, type MaybeRefOrGetter } from 'vue'
import type { MarkedLine, RequiredDaysInput, Task, TaskComplete, TaskDetail } from '@/shared/api/types'
import { actionsOf, refusals, type TaskAction } from '@/shared/domain/capability'
import { stepOf, type IdentityStep } from '@/shared/domain/identity'
import { usePreflight } from './useCycles'
import { useTasks } from './useTasks'
import { usePerform, type Act } from './usePerform'

/** The least that can say why (the server's rule for every reason). */
export const REASON_MIN = 5

/** 评定 cannot be taken back: who does it proves to be that person once more. */
export const asksIdentity = (action: TaskAction | null): boolean => action?.key === 'evaluated'

/** What was written before signing in again (account and task → comment): the page is left and comes back. Of this page only, gone with it. */
const drafts = new Map<string, string>()

/** What a person fills in before deciding a task, and the deciding itself. */
export function useDecision(task: MaybeRefOrGetter<TaskDetail>) {
  const performing = usePerform(() => toValue(task).id)
  const comment = ref('')
  const marked = ref<MarkedLine[]>([])
  /** Typed again before an evaluation; never kept longer than the act. */
  const password = ref('')
  const requiredDays = ref<RequiredDaysInput | null>(null)
  const checked = usePreflight(() => toValue(task).cycle_id, () => toValue(task).node === 'evaluate')

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

  /** How this person proves to be there before this action: not at all, by password, or as the outside sign-in allows. */
  function identityOf(action: TaskAction | null): IdentityStep {
    return asksIdentity(action) ? stepOf(checked.value.state === 'done' ? checked.value.data : null, new Date()) : { way: 'none' }
  }

  /** Nothing is sealed before the checks were on screen, and before the person can prove to be there. */
  function unproved(action: TaskAction | null): boolean {
    const { way } = identityOf(action)
    if (way !== 'none' && checked.value.state !== 'done') return true
    return way === 'sign_in' || (way === 'password' && password.value === '')
  }

  async function run(action: TaskAction): Promise<Task | undefined> {
    if (!action.allowed || missing(action) || unproved(action)) return undefined
    const typed = password.value
    password.value = ''
    return performing.perform(actOf(action), identityOf(action).way === 'password' ? { cycle_id: toValue(task).cycle_id, password: typed } : null)
  }

  const draftOf = (who: number) => `${who} ${toValue(task).id}`

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
    checked,
    identityOf,
    unproved,
    /** Before signing in again, and after it: only for the person who wrote it. */
    keep: (who: number) => drafts.set(draftOf(who), comment.value),
    restore: (who: number) => {
      comment.value = drafts.get(draftOf(who)) ?? comment.value
      drafts.delete(draftOf(who))
    },
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
