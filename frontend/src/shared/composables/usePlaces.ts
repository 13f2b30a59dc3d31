import { computed, ref, watch, toValue, type MaybeRefOrGetter } from 'vue'
import { api, unwrap } from '@/shared/api/client'
import { keys } from './keys'
import { useQuery, viewOf } from './query'

/** Counties of one's roles with their townships: what a cycle is opened for, what a list is filtered by. */
export function useCounties() {
  const query = useQuery({
    queryKey: keys.counties,
    queryFn: () => unwrap(api.GET('/api/v1/counties')),
    staleTime: 10 * 60_000,
  })
  return { view: viewOf(query), counties: computed(() => query.data.value ?? []) }
}

/** Institutions whose name contains what is typed, after a pause in the typing. */
export function useInstitutionSearch(county: MaybeRefOrGetter<string | undefined>) {
  const typed = ref('')
  const asked = ref('')
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(typed, (value) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      asked.value = value.trim()
    }, 250)
  })
  const query = useQuery({
    queryKey: computed(() => [...keys.institutions, toValue(county), asked.value]),
    queryFn: () => unwrap(api.GET('/api/v1/institutions', { params: { query: { county: toValue(county), q: asked.value, limit: 50 } } })),
    staleTime: 60_000,
  })
  return { typed, options: computed(() => query.data.value?.results ?? []), searching: query.isFetching }
}
