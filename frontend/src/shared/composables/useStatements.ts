import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { useQueryClient } from '@tanstack/vue-query'
import { api, unwrap } from '@/shared/api/client'
import type { Statement } from '@/shared/api/types'
import { keys } from './keys'
import { usePaged, useQuery, viewOf } from './query'
import { useSend } from './useSend'

export type StatementFilter = { township?: string; state?: Statement['state']; q?: string }

export function useStatements(cycleId: MaybeRefOrGetter<number>, filter: MaybeRefOrGetter<StatementFilter>, limit = 50) {
  return usePaged({
    key: () => [...keys.statements, 'list', toValue(cycleId), toValue(filter), limit],
    fetchPage: (cursor) =>
      unwrap(
        api.GET('/api/v1/cycles/{cycle_id}/statements', {
          params: { path: { cycle_id: toValue(cycleId) }, query: { ...toValue(filter), limit, cursor } },
        }),
      ),
    refetchInterval: 30_000,
  })
}

/** Statements of every month in scope, the newest month first. */
export function useAllStatements(filter: MaybeRefOrGetter<StatementFilter & { month?: string }>) {
  return usePaged({
    key: () => [...keys.statements, 'all', toValue(filter)],
    fetchPage: (cursor) => unwrap(api.GET('/api/v1/statements', { params: { query: { ...toValue(filter), cursor } } })),
  })
}

/** One statement; null while there is none to show. */
export function useStatement(id: MaybeRefOrGetter<number | null>) {
  const query = useQuery({
    queryKey: computed(() => keys.statement(toValue(id) ?? 0)),
    queryFn: () => unwrap(api.GET('/api/v1/statements/{statement_id}', { params: { path: { statement_id: toValue(id) ?? 0 } } })),
    enabled: computed(() => toValue(id) !== null),
  })
  return { view: viewOf(query), refresh: () => query.refetch() }
}

export function useLines(statementId: MaybeRefOrGetter<number>, options: { enabled?: MaybeRefOrGetter<boolean> } = {}) {
  return usePaged({
    enabled: options.enabled,
    key: () => keys.lines(toValue(statementId)),
    fetchPage: (cursor) =>
      unwrap(
        api.GET('/api/v1/statements/{statement_id}/lines', { params: { path: { statement_id: toValue(statementId) }, query: { cursor, limit: 50 } } }),
      ),
  })
}

/** One line down to its punches; null while none is chosen. */
export function useLine(id: MaybeRefOrGetter<number | null>) {
  const query = useQuery({
    queryKey: computed(() => keys.line(toValue(id) ?? 0)),
    queryFn: () => unwrap(api.GET('/api/v1/lines/{line_id}', { params: { path: { line_id: toValue(id) ?? 0 } } })),
    enabled: computed(() => toValue(id) !== null),
  })
  return { view: viewOf(query), refresh: () => query.refetch() }
}

/** Plain personal data live in the component that asked, never in the cache. */
export function useReveal() {
  return useSend((childId: number, reason: string) =>
    unwrap(api.POST('/api/v1/children/{child_id}/reveal', { params: { path: { child_id: childId } }, body: { reason } })),
  )
}

/** Statement, its lines and everything that counts them again. */
export function useStatementRenewal() {
  const client = useQueryClient()
  return () =>
    Promise.all(
      [keys.statements, ['lines'], keys.cycles, keys.tasks, keys.alerts, keys.corrections].map((queryKey) =>
        client.invalidateQueries({ queryKey }),
      ),
    )
}

/** 一人两家: this line's institution is the one that is paid; the statements of all of them are recalculated. */
export function usePayHere() {
  const renew = useStatementRenewal()
  return useSend(async (lineId: number, reason: string) => {
    try {
      return await unwrap(api.POST('/api/v1/lines/{line_id}/pay-here', { params: { path: { line_id: lineId } }, body: { reason } }))
    } finally {
      await renew()
    }
  })
}
