import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, unwrap } from '@/shared/api/client'
import { keys } from './keys'
import { whilePresent } from './presence'
import { usePaged, useQuery, viewOf } from './query'
import { useSession } from './useSession'

export const ADMINISTER = 'accounts.manage_users'
const REFRESH = 60_000

/** 职责分离证明 of a month, as of now. */
export function useDutyProof(cycleId: MaybeRefOrGetter<number>) {
  const query = useQuery({
    queryKey: computed(() => [...keys.cycle(toValue(cycleId)), 'duties']),
    queryFn: () => unwrap(api.GET('/api/v1/cycles/{cycle_id}/duties', { params: { path: { cycle_id: toValue(cycleId) } } })),
  })
  return viewOf(query)
}

/** 无合格办理人: open tasks nobody may take. */
export function useUnattended() {
  return usePaged({
    key: [...keys.unattended, 'list'],
    fetchPage: (cursor) => unwrap(api.GET('/api/v1/unattended', { params: { query: { cursor } } })),
    refetchInterval: REFRESH,
  })
}

export function useUnattendedCount() {
  const { can } = useSession()
  const query = useQuery({
    enabled: computed(() => can(ADMINISTER)),
    queryKey: [...keys.unattended, 'count'],
    queryFn: () => unwrap(api.GET('/api/v1/unattended/count')),
    refetchInterval: whilePresent(REFRESH),
  })
  return computed(() => query.data.value?.count ?? 0)
}
