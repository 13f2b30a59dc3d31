import { computed, ref, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { useQueryClient } from '@tanstack/vue-query'
import { api, unwrap } from '@/shared/api/client'
import { isBusy, isFinished } from '@/shared/domain/position'
import { keys } from './keys'
import { whilePresent } from './presence'
import { usePaged, useQuery, viewOf } from './query'
import { useSend } from './useSend'

export function useCycles() {
  return usePaged({
    key: [...keys.cycles, 'list'],
    fetchPage: (cursor) => unwrap(api.GET('/api/v1/cycles', { params: { query: { cursor } } })),
    refetchInterval: 30_000,
  })
}

/** One cycle with its live position: looked at often while a background job runs, slowly while people work. */
export function useCycle(id: MaybeRefOrGetter<number>) {
  const busy = ref(false)
  const finished = ref(false)
  const [fast, slow] = [whilePresent(2_000), whilePresent(8_000)]
  const query = useQuery({
    queryKey: computed(() => keys.cycle(toValue(id))),
    queryFn: () => unwrap(api.GET('/api/v1/cycles/{cycle_id}', { params: { path: { cycle_id: toValue(id) } } })),
    refetchInterval: computed(() => (finished.value ? false : busy.value ? fast.value : slow.value)),
  })
  watch(query.data, (cycle) => {
    busy.value = cycle !== undefined && isBusy(cycle.position)
    finished.value = cycle !== undefined && (cycle.cancellation !== null || isFinished(cycle.position))
  }, { immediate: true })
  return { view: viewOf(query), refresh: () => query.refetch() }
}

export function useCycleOpen() {
  const client = useQueryClient()
  return useSend(async (county: string, month: string) => {
    const cycle = await unwrap(api.POST('/api/v1/cycles', { body: { county, month } }))
    await Promise.all([keys.cycles, keys.tasks].map((queryKey) => client.invalidateQueries({ queryKey })))
    return cycle
  })
}

/** 评定前核对 as the month stands now; renewed with everything else a decision moves. */
export function usePreflight(cycleId: MaybeRefOrGetter<number>, enabled: MaybeRefOrGetter<boolean> = true) {
  const query = useQuery({
    enabled: computed(() => toValue(enabled)),
    queryKey: computed(() => keys.preflight(toValue(cycleId))),
    queryFn: () => unwrap(api.GET('/api/v1/cycles/{cycle_id}/preflight', { params: { path: { cycle_id: toValue(cycleId) } } })),
  })
  return viewOf(query)
}

export function useRequiredDays(cycleId: MaybeRefOrGetter<number>) {
  const query = useQuery({
    queryKey: computed(() => keys.requiredDays(toValue(cycleId))),
    queryFn: () => unwrap(api.GET('/api/v1/cycles/{cycle_id}/required-days', { params: { path: { cycle_id: toValue(cycleId) } } })),
    staleTime: 60_000,
  })
  return viewOf(query)
}
