import { computed, reactive, ref, watch } from 'vue'
import { dateOf } from '@/shared/domain/dates'
import { addDays, periodFault } from '@/shared/domain/delegation'
import type { Colleague } from '@/shared/api/types'
import { REASON_MIN } from './useDecision'
import { useDelegableSteps, useDelegationMake, useStandIns } from './useDelegations'

/** What a person fills in to hand a step over; the same for console and phone. */
export function useDelegationForm() {
  const today = dateOf(new Date().toISOString())
  const steps = useDelegableSteps()
  const form = reactive({ permission: '', starts_on: today, ends_on: addDays(today, 6), reason: '' })
  const search = ref('')
  const person = ref<Colleague | null>(null)
  const standIns = useStandIns(() => form.permission, search)
  const making = useDelegationMake()

  watch(
    steps,
    (now) => {
      if (!form.permission && now.state === 'done' && now.data[0]) form.permission = now.data[0].permission
    },
    { immediate: true },
  )
  watch(
    () => form.permission,
    () => {
      person.value = null
    },
  )

  const fault = computed(() => {
    if (!form.permission) return '请选择委托的环节'
    if (!person.value) return '请选择受托人'
    const period = periodFault(form.starts_on, form.ends_on, today)
    if (period) return period
    return form.reason.trim().length < REASON_MIN ? `请写明原因（至少 ${REASON_MIN} 个字）` : ''
  })

  async function make(): Promise<string> {
    const chosen = person.value
    if (fault.value || !chosen) return ''
    const body = { permission: form.permission, delegate_id: chosen.id, starts_on: form.starts_on, ends_on: form.ends_on, reason: form.reason.trim() }
    return (await making.send(body)) ? chosen.display_name : ''
  }

  return { today, steps, form, search, person, standIns, fault, make, state: making.state }
}
