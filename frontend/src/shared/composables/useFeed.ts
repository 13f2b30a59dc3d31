import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { useQueryClient } from '@tanstack/vue-query'
import { api, unwrap } from '@/shared/api/client'
import type { FeedSettle } from '@/shared/api/types'
import { keys } from './keys'
import { usePaged, useQuery, viewOf } from './query'
import { useSend } from './useSend'
import { useStatementRenewal } from './useStatements'

/** What came from one institution day by day. */
export function useFeedMonth(institution: MaybeRefOrGetter<number>, month: MaybeRefOrGetter<string>) {
  const query = useQuery({
    queryKey: computed(() => [...keys.feed, 'month', toValue(institution), toValue(month)]),
    queryFn: () => unwrap(api.GET('/api/v1/feed', { params: { query: { institution: toValue(institution), month: toValue(month) } } })),
  })
  return { view: viewOf(query), refresh: () => query.refetch() }
}

/** Days within reach that wait for somebody, oldest first. */
export function useFeedUnsettled(month: MaybeRefOrGetter<string>) {
  return usePaged({
    key: () => [...keys.feed, 'unsettled', toValue(month)],
    fetchPage: (cursor) => unwrap(api.GET('/api/v1/feed/unsettled', { params: { query: { month: toValue(month), limit: 50, cursor } } })),
  })
}

export function useFeedSettle() {
  const client = useQueryClient()
  const renew = useStatementRenewal()
  return useSend(async (id: number, body: FeedSettle) => {
    const month = await unwrap(api.POST('/api/v1/feed/{feed_day_id}/settle', { params: { path: { feed_day_id: id } }, body }))
    await Promise.all([client.invalidateQueries({ queryKey: keys.feed }), renew()])
    return month
  })
}
