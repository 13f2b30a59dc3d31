import { computed, ref, toValue, type MaybeRefOrGetter } from 'vue'
import { api, unwrap } from '@/shared/api/client'
import type { Statistics, StatisticsAxis } from '@/shared/api/types'
import { problemFrom, type Problem } from '@/shared/domain/problem'
import { keys } from './keys'
import { usePages, useQuery, viewOf } from './query'

/** A sealed row by the code on paper; nothing is asked while the code is empty. */
export function useSealedRow(code: MaybeRefOrGetter<string>) {
  const query = useQuery({
    queryKey: computed(() => [...keys.reports, 'row', toValue(code)]),
    queryFn: () => unwrap(api.GET('/api/v1/rows', { params: { query: { code: toValue(code) } } })),
    enabled: computed(() => toValue(code) !== ''),
    retry: false,
  })
  return viewOf(query)
}

export type StatisticsChoice = { by: StatisticsAxis; first: string; last: string; county?: string | undefined }

/** Sums of sealed months with their rows so far; `total` is of all rows. */
export function useStatistics(choice: MaybeRefOrGetter<StatisticsChoice>) {
  return usePages(
    {
      key: () => [...keys.reports, 'statistics', toValue(choice)],
      fetchPage: (cursor) => unwrap(api.GET('/api/v1/statistics', { params: { query: { ...toValue(choice), cursor } } })),
    },
    (pages): Statistics => ({ ...(pages[0] as Statistics), results: pages.flatMap((page) => page.results) }),
  )
}

/** The sealed statement as PDF. The first time it is made, which takes some seconds; a refusal is told, not saved as a file. */
export function useStatementFile() {
  const busy = ref(false)
  const problem = ref<Problem | null>(null)

  async function download(statementId: number, name: string): Promise<void> {
    busy.value = true
    problem.value = null
    try {
      const file = await unwrap(api.GET('/api/v1/statements/{statement_id}/report', { params: { path: { statement_id: statementId } }, parseAs: 'blob' }))
      const link = document.createElement('a')
      link.href = URL.createObjectURL(file as unknown as Blob)
      link.download = name
      link.click()
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
    } catch (error) {
      problem.value = problemFrom(error)
    } finally {
      busy.value = false
    }
  }

  return { busy, problem, download }
}
