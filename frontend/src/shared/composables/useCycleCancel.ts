import { useQueryClient } from '@tanstack/vue-query'
import { api, unwrap } from '@/shared/api/client'
import { Intent } from '@/shared/api/intent'
import { problemFrom } from '@/shared/domain/problem'
import { keys } from './keys'
import { useSend } from './useSend'

/** The whole month with everything open in it; the month is typed again by hand. */
export function useCycleCancel() {
  const client = useQueryClient()
  const intent = new Intent()
  const renew = () => Promise.all([keys.cycles, keys.tasks, keys.statements, keys.messages].map((queryKey) => client.invalidateQueries({ queryKey })))
  const sending = useSend(async (id: number, reason: string, confirmation: string) => {
    const body = { reason, confirmation }
    try {
      const cycle = await unwrap(
        api.POST('/api/v1/cycles/{cycle_id}/cancel', { params: { path: { cycle_id: id }, header: { 'Idempotency-Key': intent.keyFor([id, body]) } }, body }),
      )
      intent.settle()
      await renew()
      return cycle
    } catch (error) {
      const { status } = problemFrom(error)
      if (status > 0 && status < 500) intent.settle()
      if (status === 409) await renew()
      throw error
    }
  })
  return {
    ...sending,
    /** The form is opened anew. */
    reset: () => {
      intent.settle()
      sending.reset()
    },
  }
}
