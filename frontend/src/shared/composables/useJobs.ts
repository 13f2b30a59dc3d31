import { useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, unwrap } from '@/shared/api/client'
import type { Job } from '@/shared/api/types'
import { keys } from './keys'
import { whilePresent } from './presence'
import { usePaged, useQuery, viewOf } from './query'
import { useSend } from './useSend'

const REFRESH = 5_000

export function useJobs(state: MaybeRefOrGetter<Job['state'] | undefined>) {
  return usePaged({
    key: () => [...keys.jobs, 'list', toValue(state) ?? ''],
    fetchPage: (cursor) => unwrap(api.GET('/api/v1/jobs', { params: { query: { state: toValue(state), cursor } } })),
    refetchInterval: REFRESH,
  })
}

export function useJob(id: MaybeRefOrGetter<number>) {
  const query = useQuery({
    queryKey: computed(() => [...keys.jobs, 'one', toValue(id)]),
    queryFn: () => unwrap(api.GET('/api/v1/jobs/{run_id}', { params: { path: { run_id: toValue(id) } } })),
    refetchInterval: whilePresent(REFRESH),
  })
  return viewOf(query)
}

/** Is anything stuck: queue, last sign of life, failures. */
export function useJobsHealth() {
  const query = useQuery({
    queryKey: [...keys.jobs, 'health'],
    queryFn: () => unwrap(api.GET('/api/v1/jobs/health')),
    refetchInterval: whilePresent(REFRESH),
  })
  return viewOf(query)
}

function useRenew() {
  const client = useQueryClient()
  return () => Promise.all([keys.jobs, keys.cycles].map((queryKey) => client.invalidateQueries({ queryKey })))
}

export function useJobRetry() {
  const renew = useRenew()
  return useSend(async (id: number) => {
    const job = await unwrap(api.POST('/api/v1/jobs/{run_id}/retry', { params: { path: { run_id: id } } }))
    await renew()
    return job
  })
}

export function useJobCancel() {
  const renew = useRenew()
  return useSend(async (id: number, reason: string) => {
    const job = await unwrap(api.POST('/api/v1/jobs/{run_id}/cancel', { params: { path: { run_id: id } }, body: { reason } }))
    await renew()
    return job
  })
}
