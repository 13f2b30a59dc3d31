import { computed, ref, shallowRef, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { useQueryClient } from '@tanstack/vue-query'
import { api, unwrap } from '@/shared/api/client'
import { Intent } from '@/shared/api/intent'
import type { Capability, Colleague, TaskDetail } from '@/shared/api/types'
import { PEOPLE_AT_MOST } from '@/shared/domain/people'
import { isContentChanged, problemFrom } from '@/shared/domain/problem'
import { verbsOf, type Verb } from '@/shared/domain/verbs'
import { keys } from './keys'
import { useSend } from './useSend'
import { useStatement } from './useStatements'

/** What the acts are done to; either may be missing. `contentHash` is of the statement on screen. */
export type VerbTarget = {
  task: { id: number; capabilities: readonly Capability[] } | null
  statement: { id: number; content_hash: string; capabilities: readonly Capability[] } | null
}

type Filled = { verb: Verb; people: readonly number[]; comment: string; contentHash: string }

function post(target: VerbTarget, key: string, { verb, people, comment, contentHash }: Filled): Promise<unknown> {
  const header = { 'Idempotency-Key': key }
  const onTask = { params: { path: { task_id: target.task?.id ?? 0 }, header } }
  const onStatement = { params: { path: { statement_id: target.statement?.id ?? 0 }, header } }
  switch (verb.code) {
    case 'reassign':
      return unwrap(api.POST('/api/v1/tasks/{task_id}/reassign', { ...onTask, body: { person_id: people[0] ?? 0, comment } }))
    case 'consult':
      return unwrap(api.POST('/api/v1/tasks/{task_id}/consult', { ...onTask, body: { person_ids: [...people], comment } }))
    case 'consult_cancel':
      return unwrap(api.POST('/api/v1/tasks/{task_id}/consult-cancel', { ...onTask, body: {} }))
    case 'opinion':
      return unwrap(api.POST('/api/v1/tasks/{task_id}/opinion', { ...onTask, body: { comment } }))
    case 'copy':
      return unwrap(api.POST('/api/v1/tasks/{task_id}/copy', { ...onTask, body: { person_ids: [...people], comment } }))
    case 'read':
      return unwrap(api.POST('/api/v1/tasks/{task_id}/read', onTask))
    case 'remind':
      return unwrap(api.POST('/api/v1/tasks/{task_id}/remind', onTask))
    case 'withdraw':
      return unwrap(api.POST('/api/v1/tasks/{task_id}/withdraw', { ...onTask, body: { comment } }))
    case 'exclude':
      return unwrap(api.POST('/api/v1/statements/{statement_id}/exclude', { ...onStatement, body: { reason: comment, content_hash: contentHash } }))
    case 'reopen':
      return unwrap(api.POST('/api/v1/statements/{statement_id}/reopen', { ...onStatement, body: { reason: comment } }))
  }
}

const isTask = (answer: unknown): answer is TaskDetail => typeof answer === 'object' && answer !== null && 'capabilities' in answer && 'timeline' in answer

/** The acts beside the decision, with one form at a time: for the console and the phone. */
export function useVerbs(target: MaybeRefOrGetter<VerbTarget>) {
  const client = useQueryClient()
  const intent = new Intent()
  const asked = shallowRef<Verb | null>(null)
  const people = shallowRef<Colleague[]>([])
  const comment = ref('')
  const done = ref('')
  /** Of the version the person had before them when they opened the form. */
  let contentHash = ''

  const verbs = computed(() => {
    const { task, statement } = toValue(target)
    return [...verbsOf(task?.capabilities ?? []), ...verbsOf(statement?.capabilities ?? [])]
  })

  const sending = useSend(async (filled: Filled) => {
    const to = toValue(target)
    let after: unknown
    try {
      after = await post(to, intent.keyFor([to.task?.id, to.statement?.id, filled.verb.code, filled.people, filled.comment]), filled)
    } catch (error) {
      // Refused: things are not as they look here. No answer at all: the same key makes the next press safe.
      const { status } = problemFrom(error)
      if (status > 0 && status < 500) intent.settle()
      if (status === 409 || status === 403) void renew()
      throw error
    }
    intent.settle()
    // An act at a task answers with the task as it now is: on screen at once, before the lists are read again.
    if (to.task && isTask(after)) client.setQueryData(keys.task(to.task.id), after)
    void renew()
  })

  const renew = () => Promise.all([keys.tasks, keys.cycles, keys.statements, keys.messages].map((queryKey) => client.invalidateQueries({ queryKey })))

  /** What is still to be filled in; empty when nothing. */
  const missing = computed(() => {
    const form = asked.value?.form
    if (form?.people && people.value.length === 0) return form.people.several ? '请选择同事' : '请选择一位同事'
    if (people.value.length > PEOPLE_AT_MOST) return `一次最多选择 ${PEOPLE_AT_MOST} 位同事`
    const least = form?.comment?.least ?? 0
    if (comment.value.trim().length < least) return least > 1 ? `请填写${form?.comment?.label}（至少 ${least} 个字）` : `请填写${form?.comment?.label}`
    return ''
  })
  /** What was read has moved since the form was opened: it has to be looked at before another try. */
  const stale = computed(() => sending.state.value.state === 'refused' && isContentChanged(sending.state.value.problem))

  function open(verb: Verb): void {
    if (!verb.allowed) return
    asked.value = verb
    people.value = []
    comment.value = ''
    done.value = ''
    contentHash = toValue(target).statement?.content_hash ?? ''
    intent.settle()
    sending.reset()
  }

  async function submit(): Promise<void> {
    const verb = asked.value
    if (!verb || missing.value || stale.value) return
    await sending.send({ verb, people: people.value.map((one) => one.id), comment: comment.value.trim(), contentHash })
    if (sending.state.value.state !== 'done') return
    asked.value = null
    done.value = verb.form.done
  }

  return {
    verbs,
    asked: computed(() => asked.value),
    people,
    comment,
    missing,
    stale,
    /** What was done last, to be said once. */
    done: computed(() => done.value),
    state: sending.state,
    sending: computed(() => sending.state.value.state === 'sending'),
    open,
    close: () => {
      asked.value = null
    },
    /** Another task: what was done at the last one is not said here. */
    forget: () => {
      asked.value = null
      done.value = ''
      sending.reset()
    },
    submit,
    setPeople: (chosen: Colleague[]) => {
      people.value = chosen
    },
    setComment: (text: string) => {
      comment.value = text
    },
  }
}

export type VerbsForm = ReturnType<typeof useVerbs>

/** At a task: its own verbs, and those of the statement it is about unless the task decides the same. */
export function useTaskVerbs(task: MaybeRefOrGetter<TaskDetail>) {
  const { view } = useStatement(() => toValue(task).statement?.id ?? null)
  const form = useVerbs(() => {
    const now = toValue(task)
    const statement = now.statement && view.value.state === 'done' ? view.value.data : null
    const decided = now.capabilities.some((one) => one.action === 'excluded')
    return { task: now, statement: statement && { ...statement, capabilities: statement.capabilities.filter((one) => !(decided && one.action === 'exclude')) } }
  })
  /** Where the work goes on after this task was taken back or opened again; null while it goes on here. */
  const elsewhere = computed(() => {
    const id = view.value.state === 'done' ? view.value.data.task_id : null
    return id !== null && id !== toValue(task).id && toValue(task).status !== 'open' && toValue(task).status !== 'claimed' ? id : null
  })
  watch(() => toValue(task).id, form.forget)
  return { ...form, elsewhere }
}
