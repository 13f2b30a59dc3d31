import { useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, unwrap } from '@/shared/api/client'
import type { AlertRuleSet, ThresholdBulk } from '@/shared/api/types'
import { keys } from './keys'
import { usePaged, useQuery, viewOf } from './query'
import { useSend } from './useSend'

export type ThresholdFilter = { q?: string | undefined; township?: string | undefined; missing?: true | undefined }

export function useAlertRules(month: MaybeRefOrGetter<string | undefined>) {
  const query = useQuery({
    queryKey: computed(() => [...keys.alertSettings, 'rules', toValue(month) ?? '']),
    queryFn: () => unwrap(api.GET('/api/v1/alerts/rules', { params: { query: { month: toValue(month) } } })),
    refetchOnWindowFocus: false,
  })
  return viewOf(query)
}

export function useThresholds(filter: MaybeRefOrGetter<ThresholdFilter>) {
  return usePaged({
    key: () => [...keys.alertSettings, 'thresholds', toValue(filter)],
    fetchPage: (cursor) => unwrap(api.GET('/api/v1/alerts/thresholds', { params: { query: { ...toValue(filter), cursor, limit: 50 } } })),
  })
}

export function useThresholdHistory(institution: MaybeRefOrGetter<number>) {
  const query = useQuery({
    queryKey: computed(() => [...keys.alertSettings, 'history', toValue(institution)]),
    queryFn: () => unwrap(api.GET('/api/v1/alerts/thresholds/{institution_id}', { params: { path: { institution_id: toValue(institution) } } })),
    refetchOnWindowFocus: false,
  })
  return viewOf(query)
}

function useRenewal() {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: keys.alertSettings })
}

export function useRuleSet() {
  const renew = useRenewal()
  return useSend(async (body: AlertRuleSet) => {
    const answer = await unwrap(api.POST('/api/v1/alerts/rules', { body }))
    await renew()
    return answer
  })
}

export function useThresholdSet() {
  const renew = useRenewal()
  return useSend(async (institution: number, body: { threshold: number; starts_on: string; reason: string }) => {
    const answer = await unwrap(api.POST('/api/v1/alerts/thresholds/{institution_id}', { params: { path: { institution_id: institution } }, body }))
    await renew()
    return answer
  })
}

/** What setting many would change; nothing is stored. */
export function useThresholdPreview() {
  return useSend((body: ThresholdBulk) => unwrap(api.POST('/api/v1/alerts/thresholds/preview', { body })))
}

export function useThresholdBulk() {
  const renew = useRenewal()
  return useSend(async (body: ThresholdBulk, reason: string, expected: number) => {
    const answer = await unwrap(api.POST('/api/v1/alerts/thresholds/bulk', { body: { ...body, reason, expected } }))
    await renew()
    return answer
  })
}
