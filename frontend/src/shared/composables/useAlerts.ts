import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, unwrap } from '@/shared/api/client'
import type { Alert, AlertRule, AlertSettle } from '@/shared/api/types'
import { keys } from './keys'
import { usePaged, useQuery, viewOf } from './query'
import { useSend } from './useSend'
import { useStatementRenewal } from './useStatements'

export type AlertFilter = {
  cycle?: number | undefined
  statement?: number | undefined
  month?: string | undefined
  status?: Alert['status'] | undefined
  rule?: AlertRule | undefined
  severity?: Alert['severity'] | undefined
  institution?: number | undefined
  township?: string | undefined
  blocking?: true | undefined
}

export function useAlerts(filter: MaybeRefOrGetter<AlertFilter>, enabled: MaybeRefOrGetter<boolean> = true) {
  return usePaged({
    key: () => [...keys.alerts, 'list', toValue(filter)],
    fetchPage: (cursor) => unwrap(api.GET('/api/v1/alerts', { params: { query: { ...toValue(filter), cursor } } })),
    enabled,
  })
}

/** Alerts per rule under the filter, without its own rule and status; and the newest month that has any. */
export function useAlertCounts(filter: MaybeRefOrGetter<AlertFilter>) {
  const query = useQuery({
    queryKey: computed(() => [...keys.alerts, 'counts', toValue(filter)]),
    queryFn: () => {
      const { month, institution, township, severity, blocking } = toValue(filter)
      return unwrap(api.GET('/api/v1/alerts/counts', { params: { query: { month, institution, township, severity, blocking } } }))
    },
  })
  return viewOf(query)
}

export function useAlert(id: MaybeRefOrGetter<number | null>) {
  const query = useQuery({
    queryKey: computed(() => keys.alert(toValue(id) ?? 0)),
    enabled: computed(() => toValue(id) !== null),
    queryFn: () => unwrap(api.GET('/api/v1/alerts/{alert_id}', { params: { path: { alert_id: toValue(id) ?? 0 } } })),
  })
  return viewOf(query)
}

/** Punches and photos behind an alert; a whole house comes a day at a time. */
export function useAlertPunches(id: MaybeRefOrGetter<number>, date: MaybeRefOrGetter<string | undefined>) {
  const query = useQuery({
    queryKey: computed(() => [...keys.alert(toValue(id)), 'punches', toValue(date) ?? '']),
    queryFn: () => unwrap(api.GET('/api/v1/alerts/{alert_id}/punches', { params: { path: { alert_id: toValue(id) }, query: { date: toValue(date) } } })),
    staleTime: 60_000,
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

export function useAlertOverride() {
  const renew = useStatementRenewal()
  return useSend(async (id: number, reason: string, evidence_hash: string) => {
    try {
      return await unwrap(api.POST('/api/v1/alerts/{alert_id}/override', { params: { path: { alert_id: id } }, body: { reason, evidence_hash } }))
    } finally {
      await renew()
    }
  })
}

/** Several of one rule for one reason, all or none. */
export function useAlertsDismiss() {
  const renew = useStatementRenewal()
  return useSend(async (rule: AlertRule, alert_ids: number[], reason: string, seconds: number) => {
    try {
      return await unwrap(api.POST('/api/v1/alerts/dismiss', { body: { rule, alert_ids, reason, seconds } }))
    } finally {
      await renew()
    }
  })
}
