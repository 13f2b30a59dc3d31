import { computed, reactive, ref, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { useQueryClient } from '@tanstack/vue-query'
import { api, unwrap } from '@/shared/api/client'
import { Intent } from '@/shared/api/intent'
import type { Approvable, BatchItem } from '@/shared/api/types'
import { isAnswered } from '@/shared/domain/problem'
import { keys } from './keys'
import { whilePresent } from './presence'
import { usePaged, useQuery, viewOf } from './query'
import { useSend } from './useSend'

const FAST = 1_500
/** The server's most for one batch. */
export const MOST = 500

/** Reviews of a month this person may approve together, each with what it shows and the hash of it. */
export function useApprovables(cycleId: MaybeRefOrGetter<number>) {
  return usePaged({
    key: () => [...keys.tasks, 'approvable', toValue(cycleId)],
    fetchPage: (cursor) =>
      unwrap(api.GET('/api/v1/cycles/{cycle_id}/approvable', { params: { path: { cycle_id: toValue(cycleId) }, query: { cursor, limit: 100 } } })),
  })
}

/**
 * What is ticked. `tickAll` leaves out what cannot be approved, and what moved much against the month before:
 * those are ticked one by one, after a look.
 */
export function useChoice(rows: MaybeRefOrGetter<readonly Approvable[]>) {
  const chosen = reactive(new Set<number>())
  const plain = computed(() => toValue(rows).filter((row) => row.ready && !row.previous.notable).map((row) => row.task.id))
  const ready = computed(() => toValue(rows).filter((row) => row.ready && chosen.has(row.task.id)))
  // A row that was decided meanwhile, or can no longer be approved, is not chosen any more.
  watch(ready, (now) => {
    if (now.length === chosen.size) return
    chosen.clear()
    for (const row of now) chosen.add(row.task.id)
  })
  return {
    has: (row: Approvable) => chosen.has(row.task.id),
    toggle: (row: Approvable) => {
      if (!row.ready) return
      if (chosen.has(row.task.id)) chosen.delete(row.task.id)
      else if (chosen.size < MOST) chosen.add(row.task.id)
    },
    rows: ready,
    all: computed(() => plain.value.length > 0 && plain.value.every((id) => chosen.has(id))),
    some: computed(() => chosen.size > 0),
    plain: computed(() => plain.value.length),
    tickAll: (on: boolean) => {
      for (const id of plain.value) {
        if (!on) chosen.delete(id)
        else if (chosen.size < MOST) chosen.add(id)
      }
    },
    clear: () => chosen.clear(),
  }
}

/** Sums of the choice, by the server: a browser does not add money. */
export function useBatchPreview() {
  return useSend((rows: readonly Approvable[]) =>
    unwrap(api.POST('/api/v1/batches/preview', { body: { task_ids: rows.map((row) => row.task.id) } })),
  )
}

/** Put in line what was shown, exactly in the version that was shown. */
export function useBatchApprove() {
  const client = useQueryClient()
  const intent = new Intent()
  return useSend(async (rows: readonly Approvable[]) => {
    const body = { items: rows.map((row) => ({ task_id: row.task.id, content_hash: row.content_hash })) }
    const params = { header: { 'Idempotency-Key': intent.keyFor(body) } }
    const batch = await unwrap(api.POST('/api/v1/batches', { params, body })).catch((error: unknown) => {
      if (isAnswered(error)) intent.settle()
      throw error
    })
    intent.settle()
    await client.invalidateQueries({ queryKey: keys.batches })
    return batch
  })
}

export function useBatches() {
  return usePaged({
    key: [...keys.batches, 'list'],
    fetchPage: (cursor) => unwrap(api.GET('/api/v1/batches', { params: { query: { cursor } } })),
    refetchInterval: 5_000,
  })
}

/** One batch with its items, looked at often until it is done; then tasks and figures are asked for anew. */
export function useBatch(id: MaybeRefOrGetter<number>, state: MaybeRefOrGetter<BatchItem['state'] | ''> = '') {
  const client = useQueryClient()
  const running = ref(true)
  const often = whilePresent(FAST)
  const query = useQuery({
    queryKey: computed(() => [...keys.batches, 'one', toValue(id)]),
    queryFn: () => unwrap(api.GET('/api/v1/batches/{batch_id}', { params: { path: { batch_id: toValue(id) } } })),
    refetchInterval: computed(() => (running.value ? often.value : false)),
  })
  const items = usePaged({
    key: () => [...keys.batches, 'one', toValue(id), 'items', toValue(state)],
    fetchPage: (cursor) =>
      unwrap(api.GET('/api/v1/batches/{batch_id}/items', { params: { path: { batch_id: toValue(id) }, query: { state: toValue(state) || undefined, cursor, limit: 100 } } })),
  })
  watch(
    () => query.data.value,
    (now, before) => {
      running.value = now?.state !== 'done'
      if (!now || !before || (now.done === before.done && now.refused === before.refused && now.state === before.state)) return
      void items.refresh()
      if (now.state === 'done') for (const queryKey of [keys.tasks, keys.cycles, keys.statements]) void client.invalidateQueries({ queryKey })
    },
  )
  return { view: viewOf(query), items }
}
