import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, unwrap } from '@/shared/api/client'
import type { TaskNode } from '@/shared/api/types'
import type { DueState } from '@/shared/domain/due'
import { keys } from './keys'
import { usePaged, useQuery, viewOf } from './query'

export type WaitingFilter = { node?: TaskNode | undefined; due?: DueState | undefined }

/** 钱卡在谁那: the open steps of a month, the longest waiting first. */
export function useWaiting(cycleId: MaybeRefOrGetter<number>, filter: MaybeRefOrGetter<WaitingFilter>) {
  return usePaged({
    key: () => [...keys.cycle(toValue(cycleId)), 'waiting', toValue(filter)],
    fetchPage: (cursor) =>
      unwrap(api.GET('/api/v1/cycles/{cycle_id}/waiting', { params: { path: { cycle_id: toValue(cycleId) }, query: { ...toValue(filter), cursor } } })),
    refetchInterval: 60_000,
  })
}

export function useCycleTimes(cycleId: MaybeRefOrGetter<number>) {
  const query = useQuery({
    queryKey: computed(() => [...keys.cycle(toValue(cycleId)), 'times']),
    queryFn: () => unwrap(api.GET('/api/v1/cycles/{cycle_id}/times', { params: { path: { cycle_id: toValue(cycleId) } } })),
  })
  return viewOf(query)
}

export function useStatementTimes(statementId: MaybeRefOrGetter<number>) {
  const query = useQuery({
    queryKey: computed(() => [...keys.statement(toValue(statementId)), 'times']),
    queryFn: () => unwrap(api.GET('/api/v1/statements/{statement_id}/times', { params: { path: { statement_id: toValue(statementId) } } })),
  })
  return viewOf(query)
}
