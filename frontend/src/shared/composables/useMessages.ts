import { computed } from 'vue'
import { useQueryClient } from '@tanstack/vue-query'
import { api, unwrap } from '@/shared/api/client'
import { keys } from './keys'
import { usePaged, useQuery } from './query'
import { useSend } from './useSend'

export function useMessages(options: { unread?: boolean } = {}) {
  return usePaged({
    key: [...keys.messages, 'list', options.unread ?? false],
    fetchPage: (cursor) => unwrap(api.GET('/api/v1/messages', { params: { query: { cursor, unread: options.unread } } })),
  })
}

export function useUnreadCount() {
  const query = useQuery({
    queryKey: [...keys.messages, 'unread'],
    queryFn: () => unwrap(api.GET('/api/v1/messages/unread-count')),
    refetchInterval: 30_000,
  })
  return computed(() => query.data.value?.unread ?? 0)
}

export function useMessageRead() {
  const client = useQueryClient()
  return useSend(async (id: number) => {
    await unwrap(api.POST('/api/v1/messages/{message_id}/read', { params: { path: { message_id: id } } }))
    await client.invalidateQueries({ queryKey: keys.messages })
  })
}
