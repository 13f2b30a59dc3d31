import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, unwrap } from '@/shared/api/client'
import type { Alert, AlertSettle } from '@/shared/api/types'
import { keys } from './keys'
import { usePaged, useQuery, viewOf } from './query'
import { useSend } from './useSend'
import { useStatementRenewal } from './useStatements'

export type AlertFilter = { cycle?: number; statement?: number; status?: Alert['status']; rule?: Alert['rule'] }

export function useAlerts(filter: MaybeRefOrGetter<AlertFilter>) {
  return usePaged({
    key: () => [...keys.alerts, 'list', toValue(filter)],
    fetchPage: (cursor) => unwrap(api.GET('/api/v1/alerts', { params: { query: { ...toValue(filter), cursor } } })),
  })
}

export function useAlert(id: MaybeRefOrGetter<number | null>) {
  const query = useQuery({
    queryKey: computed(() => keys.alert(toValue(id) ?? 0)),
    enabled: computed(() => toValue(id) !== null),
    queryFn: () => unwrap(api.GET('/api/v1/alerts/{alert_id}', { params: { path: { alert_id: toValue(id) ?? 0 } } })),
  })
  return viewOf(query)
}

export function useAlertSettle() {
  const renew = useStatementRenewal()
  return useSend(async (id: number, body: AlertSettle) => {
    try {
      return await unwrap(api.POST('/api/v1/alerts/{alert_id}/settle', { params: { path: { alert_id: id } }, body }))
    } finally {
      // Also after a refusal: the evidence moved, or somebody else was first.
      await renew()
    }
  })
}
