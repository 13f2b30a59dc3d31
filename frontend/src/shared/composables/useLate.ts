import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, unwrap } from '@/shared/api/client'
import { keys } from './keys'
import { usePaged, useQuery, viewOf } from './query'

/** 迟到账: the sealed months, the newest first. */
export function useLedgerMonths() {
  return usePaged({
    key: [...keys.cycles, 'late', 'months'],
    fetchPage: (cursor) => unwrap(api.GET('/api/v1/late', { params: { query: { cursor } } })),
  })
}

export function useLedgerMonth(cycleId: MaybeRefOrGetter<number>) {
  const query = useQuery({
    queryKey: computed(() => [...keys.cycle(toValue(cycleId)), 'late']),
    queryFn: () => unwrap(api.GET('/api/v1/cycles/{cycle_id}/late', { params: { path: { cycle_id: toValue(cycleId) } } })),
  })
  return viewOf(query)
}

export function useLedgerLines(cycleId: MaybeRefOrGetter<number>) {
  return usePaged({
    key: () => [...keys.cycle(toValue(cycleId)), 'late', 'lines'],
    fetchPage: (cursor) =>
      unwrap(api.GET('/api/v1/cycles/{cycle_id}/late/lines', { params: { path: { cycle_id: toValue(cycleId) }, query: { cursor } } })),
  })
}

/** One row down to both derivations; null while none is chosen. */
export function useLedgerLine(id: MaybeRefOrGetter<number | null>) {
  const query = useQuery({
    queryKey: computed(() => [...keys.cycles, 'late', 'line', toValue(id) ?? 0]),
    queryFn: () => unwrap(api.GET('/api/v1/late/lines/{line_id}', { params: { path: { line_id: toValue(id) ?? 0 } } })),
    enabled: computed(() => toValue(id) !== null),
  })
  return viewOf(query)
}

/** 补发与追回 that came into this statement from earlier months. */
export function useAdjustments(statementId: MaybeRefOrGetter<number>) {
  return usePaged({
    key: () => [...keys.statement(toValue(statementId)), 'adjustments'],
    fetchPage: (cursor) =>
      unwrap(api.GET('/api/v1/statements/{statement_id}/adjustments', { params: { path: { statement_id: toValue(statementId) }, query: { cursor } } })),
  })
}
