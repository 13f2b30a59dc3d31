import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { useQueryClient } from '@tanstack/vue-query'
import { api, unwrap } from '@/shared/api/client'
import { Intent } from '@/shared/api/intent'
import type { Colleague, DelegationMake } from '@/shared/api/types'
import { isAnswered } from '@/shared/domain/problem'
import { keys } from './keys'
import { usePaged, useQuery, viewOf } from './query'
import { useSend } from './useSend'

/** Given and received, newest first. */
export function useDelegations() {
  return usePaged({
    key: [...keys.delegations, 'list'],
    fetchPage: (cursor) => unwrap(api.GET('/api/v1/delegations', { params: { query: { cursor } } })),
  })
}

/** The steps this person may hand over. */
export function useDelegableSteps() {
  const query = useQuery({
    queryKey: [...keys.delegations, 'steps'],
    queryFn: async () => (await unwrap(api.GET('/api/v1/delegations/steps'))).results,
  })
  return viewOf(query)
}

/** Colleagues who can stand in first, then the others with the reason why not. */
export function useStandIns(permission: MaybeRefOrGetter<string>, text: MaybeRefOrGetter<string>) {
  const query = () => ({ permission: toValue(permission), q: toValue(text).trim() || undefined })
  const paged = usePaged<Colleague>({
    enabled: () => toValue(permission) !== '',
    key: () => [...keys.delegations, 'stand-ins', query()],
    fetchPage: (cursor) => unwrap(api.GET('/api/v1/delegations/stand-ins', { params: { query: { ...query(), cursor, limit: 100 } } })),
  })
  const view = computed(() => {
    const { value } = paged.view
    return value.state === 'done' ? { ...value, data: [...value.data].sort((a, b) => Number(b.eligible) - Number(a.eligible)) } : value
  })
  return { ...paged, view }
}

export function useDelegationMake() {
  const client = useQueryClient()
  const intent = new Intent()
  return useSend(async (body: DelegationMake) => {
    const params = { header: { 'Idempotency-Key': intent.keyFor(body) } }
    const made = await unwrap(api.POST('/api/v1/delegations', { params, body })).catch((error: unknown) => {
      if (isAnswered(error)) intent.settle()
      throw error
    })
    intent.settle()
    await client.invalidateQueries({ queryKey: keys.delegations })
    return made
  })
}

export function useDelegationRevoke() {
  const client = useQueryClient()
  const intent = new Intent()
  return useSend(async (id: number) => {
    const params = { path: { delegation_id: id }, header: { 'Idempotency-Key': intent.keyFor(id) } }
    const ended = await unwrap(api.POST('/api/v1/delegations/{delegation_id}/revoke', { params })).catch((error: unknown) => {
      if (isAnswered(error)) intent.settle()
      throw error
    })
    intent.settle()
    await client.invalidateQueries({ queryKey: keys.delegations })
    return ended
  })
}
