import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import type { Invitation } from '@/shared/api/types'
import { isWaiting } from '@/shared/domain/verbs'
import type { VerbsForm } from './useVerbs'

/** What somebody wants of me at this task, with the one thing to press. */
export function useInvited(invitations: MaybeRefOrGetter<Invitation[]>, me: MaybeRefOrGetter<number>, form: VerbsForm) {
  const mine = computed(() => toValue(invitations).filter((one) => one.person_id === toValue(me)))
  const verbOf = (code: string) => form.verbs.value.find((verb) => verb.code === code)
  const opinion = computed(() => verbOf('opinion'))

  return {
    question: computed(() => mine.value.find(isWaiting)),
    copy: computed(() => mine.value.find((one) => one.kind === 'copy' && !one.read_at)),
    opinion,
    answer: (): void => {
      if (opinion.value) form.open(opinion.value)
    },
    read: (): void => {
      const verb = verbOf('read')
      if (!verb) return
      form.open(verb)
      void form.submit()
    },
  }
}
