import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, unwrap } from '@/shared/api/client'
import type { ColleaguePurpose } from '@/shared/domain/verbs'
import { keys } from './keys'
import { usePaged } from './query'

/** Who can be given a task, asked about it or let know, by name; those who cannot say why. Asked while `purpose` is set. */
export function useColleagues(taskId: MaybeRefOrGetter<number>, purpose: MaybeRefOrGetter<ColleaguePurpose | null>, search: MaybeRefOrGetter<string>) {
  return usePaged({
    enabled: computed(() => toValue(purpose) !== null),
    key: () => [...keys.task(toValue(taskId)), 'colleagues', toValue(purpose), toValue(search)],
    fetchPage: (cursor) =>
      unwrap(
        api.GET('/api/v1/tasks/{task_id}/colleagues', {
          params: { path: { task_id: toValue(taskId) }, query: { purpose: toValue(purpose) ?? 'copy', q: toValue(search) || undefined, cursor, limit: 100 } },
        }),
      ),
  })
}
