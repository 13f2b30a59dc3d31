import { useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, unwrap } from '@/shared/api/client'
import { keys } from './keys'
import { whilePresent } from './presence'
import { usePaged, useQuery, viewOf } from './query'
import { useSend } from './useSend'

const REFRESH = 30_000 // as often as the server looks

/** 封存核验: the sealed months, the newest first. */
export function useSeals() {
  return usePaged({
    key: [...keys.seals, 'list'],
    fetchPage: (cursor) => unwrap(api.GET('/api/v1/seals', { params: { query: { cursor } } })),
    refetchInterval: REFRESH,
  })
}

export function useSeal(id: MaybeRefOrGetter<number>) {
  const query = useQuery({
    queryKey: computed(() => [...keys.seals, 'one', toValue(id)]),
    queryFn: () => unwrap(api.GET('/api/v1/seals/{seal_id}', { params: { path: { seal_id: toValue(id) } } })),
    refetchInterval: whilePresent(REFRESH),
  })
  return viewOf(query)
}

/** What was found not as it was sealed: of one month, or of all months and the defences of the database. */
export function useSealIncidents(options: { seal?: MaybeRefOrGetter<number>; closed: MaybeRefOrGetter<boolean> }) {
  const seal = () => (options.seal === undefined ? undefined : toValue(options.seal))
  return usePaged({
    key: () => [...keys.seals, 'incidents', seal() ?? 0, toValue(options.closed)],
    fetchPage: (cursor) =>
      unwrap(api.GET('/api/v1/seal-incidents', { params: { query: { seal: seal(), closed: toValue(options.closed), cursor } } })),
    refetchInterval: REFRESH,
  })
}

/** Compare a month with its package now; takes seconds for a big county. */
export function useSealCheck() {
  const client = useQueryClient()
  return useSend(async (id: number) => {
    const found = await unwrap(api.POST('/api/v1/seals/{seal_id}/check', { params: { path: { seal_id: id } } }))
    await client.invalidateQueries({ queryKey: keys.seals })
    return found
  })
}
