import { toValue, type MaybeRefOrGetter } from 'vue'
import { api, unwrap } from '@/shared/api/client'
import { keys } from './keys'
import { usePaged } from './query'

export type ResultFilter = { month: string; institution?: number | undefined; township?: string | undefined }

export function useHeadcountResults(filter: MaybeRefOrGetter<ResultFilter>) {
  return usePaged({
    key: () => [...keys.alerts, 'headcount-results', toValue(filter)],
    fetchPage: (cursor) => unwrap(api.GET('/api/v1/alerts/results/headcount', { params: { query: { ...toValue(filter), cursor, limit: 50 } } })),
  })
}

export function useSeveralResults(filter: MaybeRefOrGetter<ResultFilter>) {
  return usePaged({
    key: () => [...keys.alerts, 'several-results', toValue(filter)],
    fetchPage: (cursor) => unwrap(api.GET('/api/v1/alerts/results/several-institutions', { params: { query: { ...toValue(filter), cursor, limit: 50 } } })),
  })
}

/** Address of the workbook; the browser downloads it with the session it has. */
export function resultsFileUrl(filter: ResultFilter): string {
  const query = new URLSearchParams({ month: filter.month })
  if (filter.institution) query.set('institution', String(filter.institution))
  if (filter.township) query.set('township', filter.township)
  return `/api/v1/alerts/results/export?${query.toString()}`
}
