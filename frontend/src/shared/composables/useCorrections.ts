import { computed, ref, shallowRef, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { api, unwrap } from '@/shared/api/client'
import type { Correction, CorrectionDecide, CorrectionPropose } from '@/shared/api/types'
import { keys } from './keys'
import { usePaged } from './query'
import { REASON_MIN } from './useDecision'
import { useEvidence } from './useEvidence'
import { useSend } from './useSend'
import { useStatementRenewal } from './useStatements'

export type CorrectionFilter = { statement?: number; state?: Correction['state'] }

export function useCorrections(filter: MaybeRefOrGetter<CorrectionFilter>) {
  return usePaged({
    key: () => [...keys.corrections, toValue(filter)],
    fetchPage: (cursor) => unwrap(api.GET('/api/v1/corrections', { params: { query: { ...toValue(filter), cursor } } })),
  })
}

function useCorrectionPropose() {
  const renew = useStatementRenewal()
  const made = shallowRef<Correction | null>(null) // when a file was refused, the next try sends files only
  const sending = useSend(async (body: CorrectionPropose, files: readonly File[]) => {
    try {
      let correction = (made.value ??= await unwrap(api.POST('/api/v1/corrections', { body })))
      for (const file of files) correction = await addFile(correction.id, file)
      return correction
    } finally {
      await renew()
    }
  })
  return { ...sending, made }
}

export type CorrectionAbout = {
  childId: number
  institutionId: number
  date: string
  kinds: readonly CorrectionPropose['kind'][]
  alertId?: number | undefined
}

/** What a day should have been, and why. With several `kinds` the operator says which, the first is proposed. */
export function useCorrectionForm(about: Readonly<CorrectionAbout>) {
  const kind = ref<CorrectionPropose['kind']>(about.kinds[0] ?? 'absent')
  watch(
    () => about.kinds[0],
    (first) => {
      if (first && !about.kinds.includes(kind.value)) kind.value = first // the day counts otherwise by now
    },
  )
  const reason = ref('')
  const evidence = useEvidence()
  const { state, send, made } = useCorrectionPropose()
  /** Proposed already, and only a file was refused: what was written stands and cannot be changed any more. */
  const stands = computed(() => made.value !== null)
  const enough = computed(() => reason.value.trim().length >= REASON_MIN)

  /** The correction, or undefined while something is missing or was refused. */
  async function submit(): Promise<Correction | undefined> {
    if (!enough.value) return undefined
    const body = {
      child_id: about.childId,
      institution_id: about.institutionId,
      date: about.date,
      kind: kind.value,
      reason: reason.value.trim(),
      alert_id: about.alertId ?? null,
    }
    return send(body, evidence.files.value)
  }

  return { kind, reason, evidence, state, enough, stands, submit }
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
