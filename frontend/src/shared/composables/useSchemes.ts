import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { useQueryClient } from '@tanstack/vue-query'
import { api, unwrap } from '@/shared/api/client'
import type { SchemeCreate, SchemeDetail } from '@/shared/api/types'
import type { SchemeContent } from '@/shared/domain/scheme'
import { keys } from './keys'
import { usePaged, useQuery, viewOf } from './query'
import { useSend } from './useSend'

export function useSchemes() {
  return usePaged({
    key: [...keys.schemes, 'list'],
    fetchPage: (cursor) => unwrap(api.GET('/api/v1/schemes', { params: { query: { cursor } } })),
  })
}

export function useScheme(id: MaybeRefOrGetter<number>) {
  const query = useQuery({
    queryKey: computed(() => keys.scheme(toValue(id))),
    queryFn: () => unwrap(api.GET('/api/v1/schemes/{scheme_id}', { params: { path: { scheme_id: toValue(id) } } })),
    // Somebody editing must not lose what is typed because the window got the focus back.
    refetchOnWindowFocus: false,
  })
  return { view: viewOf(query), refresh: () => query.refetch() }
}

/** The answer is the scheme as it is now: it replaces the one read, and the list is asked for again. */
function useKeep() {
  const client = useQueryClient()
  return async (scheme: SchemeDetail): Promise<SchemeDetail> => {
    client.setQueryData(keys.scheme(scheme.id), scheme)
    await client.invalidateQueries({ queryKey: [...keys.schemes, 'list'] })
    return scheme
  }
}

export function useSchemeCopy() {
  const keep = useKeep()
  return useSend(async (id: number) => keep(await unwrap(api.POST('/api/v1/schemes/{scheme_id}/copy', { params: { path: { scheme_id: id } } }))))
}

/** A new code starts at version 1, a known one continues with its next version. */
export function useSchemeCreate() {
  const keep = useKeep()
  return useSend(async (body: SchemeCreate) => keep(await unwrap(api.POST('/api/v1/schemes', { body }))))
}

/** Compares a scenario file with what its rule calculates; nothing is stored. */
export function useScenarioCheck() {
  return useSend((text: string) => unwrap(api.POST('/api/v1/scenario-checks', { body: { text } })))
}

export function useScenarioExample() {
  return useSend(async () => (await unwrap(api.GET('/api/v1/scenario-checks'))).text)
}

/** Replaces amounts, dates and document numbers of the draft that was read; its rule stays as it is. */
export function useSchemeEdit() {
  const keep = useKeep()
  return useSend(async (seen: SchemeDetail, content: SchemeContent) => {
    const body = { ...content, definition: seen.definition, content_hash: seen.content_hash }
    return keep(await unwrap(api.PUT('/api/v1/schemes/{scheme_id}', { params: { path: { scheme_id: seen.id } }, body })))
  })
}

/** Releases exactly the content that was read. */
export function useSchemeRelease() {
  const keep = useKeep()
  return useSend(async (seen: SchemeDetail) =>
    keep(await unwrap(api.POST('/api/v1/schemes/{scheme_id}/release', { params: { path: { scheme_id: seen.id } }, body: { content_hash: seen.content_hash } }))),
  )
}

/** Tries the draft on one past month; the server notes that it was done. */
export function useSchemeCheck() {
  const client = useQueryClient()
  return useSend(async (id: number, month: string) => {
    const check = await unwrap(api.POST('/api/v1/schemes/{scheme_id}/check', { params: { path: { scheme_id: id } }, body: { month } }))
    await client.invalidateQueries({ queryKey: keys.scheme(id) })
    return check
  })
}

/** Tries a scheme on past months; nothing is stored. */
export function useSchemeReplay() {
  return useSend((id: number, months: string[]) => unwrap(api.POST('/api/v1/schemes/{scheme_id}/replay', { params: { path: { scheme_id: id } }, body: { months } })))
}
