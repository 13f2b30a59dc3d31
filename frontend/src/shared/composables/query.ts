import { computed, type ComputedRef, type Ref, toValue, type MaybeRefOrGetter } from 'vue'
import { QueryClient, useInfiniteQuery, useQuery, VueQueryPlugin, type UseQueryReturnType } from '@tanstack/vue-query'
import { ProblemError, problemFrom } from '@/shared/domain/problem'
import type { View } from '@/shared/domain/view'
import { whilePresent } from './presence'

/** Answers that another attempt cannot change are not asked for again. */
function worthRetrying(failures: number, error: Error): boolean {
  const status = error instanceof ProblemError ? error.problem.status : -1
  return failures < 2 && (status === 0 || status >= 500)
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: { queries: { retry: worthRetrying, staleTime: 5_000, refetchOnWindowFocus: true }, mutations: { retry: false } },
  })
}

/** A query as the union a page renders. Data already here stays on screen while a refresh fails. */
export function viewOf<T>(query: Pick<UseQueryReturnType<T, Error>, 'data' | 'error' | 'refetch'>): ComputedRef<View<T>> {
  return computed<View<T>>(() => {
    const data = query.data.value as T | undefined
    if (data !== undefined) return { state: 'done', data }
    if (query.error.value) return { state: 'error', problem: problemFrom(query.error.value), retry: () => void query.refetch() }
    return { state: 'loading' }
  })
}

type Page<T> = { results: T[]; next: string | null }

export type Paged<T> = {
  view: ComputedRef<View<T[]>>
  hasMore: Ref<boolean>
  loadingMore: Ref<boolean>
  loadMore: () => void
  /** Every page, for printing. */
  loadAll: () => Promise<void>
  refresh: () => Promise<unknown>
}

type PagedOptions<P> = {
  key: MaybeRefOrGetter<readonly unknown[]>
  fetchPage: (cursor: string | undefined) => Promise<P>
  enabled?: MaybeRefOrGetter<boolean> | undefined
  refetchInterval?: number
}

/** A key-set list as `whole` makes it of the pages so far, and 加载更多 while the server says there is more. */
export function usePages<P extends Page<unknown>, T>(options: PagedOptions<P>, whole: (pages: P[]) => T): Omit<Paged<never>, 'view'> & { view: ComputedRef<View<T>> } {
  const query = useInfiniteQuery({
    queryKey: computed(() => toValue(options.key)),
    queryFn: ({ pageParam }) => options.fetchPage(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: P) => last.next ?? undefined,
    enabled: computed(() => toValue(options.enabled ?? true)),
    refetchInterval: options.refetchInterval ? whilePresent(options.refetchInterval) : false,
  })
  const data = computed(() => (query.data.value ? whole(query.data.value.pages) : undefined))
  return {
    view: viewOf<T>({ data: data as never, error: query.error, refetch: query.refetch as never }),
    hasMore: query.hasNextPage as Ref<boolean>,
    loadingMore: query.isFetchingNextPage,
    loadMore: () => {
      if (query.hasNextPage.value && !query.isFetchingNextPage.value) void query.fetchNextPage()
    },
    loadAll: async () => {
      while (query.hasNextPage.value && !query.isError.value) await query.fetchNextPage()
    },
    refresh: () => query.refetch(),
  }
}

/** The usual list: its rows. */
export function usePaged<T>(options: PagedOptions<Page<T>>): Paged<T> {
  return usePages(options, (pages) => pages.flatMap((page) => page.results))
}

export { useQuery, VueQueryPlugin }
export type { QueryClient }
