import { computed, ref, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { api, unwrap } from '@/shared/api/client'
import type { TaskCounts, TaskDetail } from '@/shared/api/types'
import type { DueState } from '@/shared/domain/due'
import { keys } from './keys'
import { whilePresent } from './presence'
import { usePaged, useQuery, viewOf } from './query'
import { opensFor, useSession } from './useSession'
import { useStatementRenewal } from './useStatements'

export type Box = 'inbox' | 'queue' | 'asked' | 'copied' | 'done'
export const BOXES: { box: Box; title: string; empty: string }[] = [
  { box: 'inbox', title: '待办', empty: '没有待办任务。辖区内还没有人办理的任务在“可认领”，可以直接打开办理。' },
  { box: 'queue', title: '可认领', empty: '没有可认领的任务。上一环节办结后，任务会自动出现在这里。' },
  { box: 'asked', title: '待我发表意见', empty: '没有等您答复的意见。同事加签征求您的意见时，任务会出现在这里。' },
  { box: 'copied', title: '抄送我的', empty: '没有抄送给您的任务。' },
  { box: 'done', title: '已办', empty: '还没有办结的任务。办结后可以在这里查看您的意见。' },
]

const REFRESH = 30_000

/** Tasks tell of institutions and amounts: without it there is nothing to see, and asking would be refused. */
export const SEE_TASKS = 'subsidy.view_statement'

/** Whoever holds one of these takes steps in a flow; the others are asked or let know at most. */
export const TASK_PERMISSIONS = [
  'subsidy.set_attendance_days',
  'subsidy.review_township',
  'subsidy.review_county',
  'subsidy.correct_statement',
  'subsidy.evaluate_cycle',
] as const

export function useTakesTasks() {
  const { user } = useSession()
  return computed(() => user.value !== null && opensFor(user.value, TASK_PERMISSIONS))
}

export function useSeesTasks() {
  const { user } = useSession()
  return computed(() => user.value?.permissions.includes(SEE_TASKS) ?? false)
}

/** The boxes of this person: whoever takes no step has only what others bring before them. */
export function useBoxes() {
  const takes = useTakesTasks()
  return computed(() => BOXES.filter(({ box }) => takes.value || box === 'asked' || box === 'copied'))
}

/** By due date can be looked for what is to be done. */
export const hasDue = (box: Box) => box !== 'done' && box !== 'copied'

export type TaskFilter = { due?: DueState | undefined; order?: 'oldest' | 'due' | undefined }

export function useTasks(box: MaybeRefOrGetter<Box>, filter: MaybeRefOrGetter<TaskFilter> = {}) {
  const asked = () => (hasDue(toValue(box)) ? toValue(filter) : {})
  return usePaged({
    enabled: useSeesTasks(),
    key: () => [...keys.tasks, 'list', toValue(box), asked()],
    fetchPage: (cursor) => unwrap(api.GET('/api/v1/tasks', { params: { query: { box: toValue(box), ...asked(), cursor } } })),
    refetchInterval: REFRESH,
  })
}

export function useTaskCounts() {
  const query = useQuery({
    enabled: useSeesTasks(),
    queryKey: keys.taskCounts,
    queryFn: () => unwrap(api.GET('/api/v1/tasks/counts')),
    // One of the two questions that do not keep an idle session alive.
    refetchInterval: REFRESH,
  })
  return computed(() => query.data.value ?? null)
}

/** The box to open when none was asked for: the first of theirs with something waiting, else the first. */
export function startingBox(counts: TaskCounts | null, boxes: readonly { box: Box }[] = BOXES): Box {
  const waiting = boxes.find(({ box }) => box !== 'done' && (counts?.[box] ?? 0) > 0)
  return (waiting ?? boxes[0])?.box ?? 'inbox'
}

/** A job calculates the statement again after 重新提交 or 重新审核: nobody approves before, and it takes seconds. */
const recalculating = (task: TaskDetail | undefined) => task?.capabilities.some((one) => one.reason_code === 'recalculating') ?? false

export function useTask(id: MaybeRefOrGetter<number>) {
  const [renew, soon, busy] = [useStatementRenewal(), whilePresent(2_000), ref(false)]
  const query = useQuery({
    queryKey: computed(() => keys.task(toValue(id))),
    queryFn: () => unwrap(api.GET('/api/v1/tasks/{task_id}', { params: { path: { task_id: toValue(id) } } })),
    // A form is filled in against one version: it is renewed when asked for, or after an action.
    staleTime: Infinity,
    refetchOnMount: 'always',
    refetchOnWindowFocus: false,
    refetchInterval: computed(() => busy.value && soon.value),
  })
  watch(
    () => recalculating(query.data.value),
    (now, before) => {
      busy.value = now
      if (before && !now) void renew()
    },
    { immediate: true },
  )
  return { view: viewOf(query), refresh: () => query.refetch() }
}
