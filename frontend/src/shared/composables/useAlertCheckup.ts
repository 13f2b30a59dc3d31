import { computed, ref, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { api, unwrap } from '@/shared/api/client'
import type { AlertReplayStart } from '@/shared/api/types'
import { keys } from './keys'
import { whilePresent } from './presence'
import { useQuery, viewOf } from './query'
import { useSend } from './useSend'

export function useAlertCheckup(range: MaybeRefOrGetter<{ first: string; last: string }>) {
  const query = useQuery({
    queryKey: computed(() => [...keys.alerts, 'checkup', toValue(range)]),
    queryFn: () => unwrap(api.GET('/api/v1/alerts/checkup', { params: { query: toValue(range) } })),
    refetchOnWindowFocus: false,
  })
  return viewOf(query)
}

export function useAlertReplayStart() {
  return useSend((body: AlertReplayStart) => unwrap(api.POST('/api/v1/alerts/replays', { body })))
}

/** A replay, looked at every second until it is done. */
export function useAlertReplay(id: MaybeRefOrGetter<number | null>) {
  const done = ref(false)
  const often = whilePresent(1_000)
  const query = useQuery({
    queryKey: computed(() => [...keys.alertReplays, toValue(id) ?? 0]),
    enabled: computed(() => toValue(id) !== null),
    queryFn: () => unwrap(api.GET('/api/v1/alerts/replays/{replay_id}', { params: { path: { replay_id: toValue(id) ?? 0 } } })),
    refetchInterval: computed(() => (done.value ? false : often.value)),
  })
  watch(query.data, (replay) => {
    done.value = replay?.state === 'done'
  }, { immediate: true })
  return viewOf(query)
}
