import { useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, unwrap } from '@/shared/api/client'
import type { DeadlineSet } from '@/shared/api/types'
import { keys } from './keys'
import { useQuery, viewOf } from './query'
import { useSend } from './useSend'

export function useDeadlines(county: MaybeRefOrGetter<string | undefined>) {
  const query = useQuery({
    queryKey: computed(() => [...keys.deadlines, toValue(county) ?? '']),
    queryFn: () => unwrap(api.GET('/api/v1/deadlines', { params: { query: { county: toValue(county) } } })),
    refetchOnWindowFocus: false,
  })
  return viewOf(query)
}

/** From now on; tasks that have begun keep their dates. */
export function useDeadlineSet() {
  const client = useQueryClient()
  return useSend(async (body: DeadlineSet) => {
    const answer = await unwrap(api.POST('/api/v1/deadlines', { body }))
    await client.invalidateQueries({ queryKey: keys.deadlines })
    return answer
  })
}
