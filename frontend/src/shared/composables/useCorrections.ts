import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, unwrap } from '@/shared/api/client'
import type { Correction, CorrectionDecide, CorrectionPropose } from '@/shared/api/types'
import { keys } from './keys'
import { usePaged } from './query'
import { useSend } from './useSend'
import { useStatementRenewal } from './useStatements'

export type CorrectionFilter = { statement?: number; state?: Correction['state'] }

export function useCorrections(filter: MaybeRefOrGetter<CorrectionFilter>) {
  return usePaged({
    key: () => [...keys.corrections, toValue(filter)],
    fetchPage: (cursor) => unwrap(api.GET('/api/v1/corrections', { params: { query: { ...toValue(filter), cursor } } })),
  })
}

export function useCorrectionPropose() {
  const renew = useStatementRenewal()
  let proposed: Correction | null = null // when a file was refused, the next try sends files only
  return useSend(async (body: CorrectionPropose, files: readonly File[] = []) => {
    proposed ??= await unwrap(api.POST('/api/v1/corrections', { body }))
    for (const file of files) proposed = await addFile(proposed.id, file)
    await renew()
    return proposed
  })
}

/** The same bytes again are the same file for the server. */
function addFile(id: number, file: File): Promise<Correction> {
  const form = new FormData()
  form.append('file', file)
  return unwrap(
    api.POST('/api/v1/corrections/{correction_id}/files', {
      params: { path: { correction_id: id } },
      body: { file: file.name },
      bodySerializer: () => form,
    }),
  )
}

export function useCorrectionDecide() {
  const renew = useStatementRenewal()
  return useSend(async (id: number, body: CorrectionDecide) => {
    const correction = await unwrap(api.POST('/api/v1/corrections/{correction_id}/decide', { params: { path: { correction_id: id } }, body }))
    await renew()
    return correction
  })
}

/** Corrections of one child by date, for marks in its calendar. */
export function useCorrectionMarks(corrections: MaybeRefOrGetter<readonly Correction[]>, childId: MaybeRefOrGetter<number>) {
  return computed(() => new Map(toValue(corrections).flatMap((one) => (one.child.id === toValue(childId) ? [[one.date, one] as const] : []))))
}
