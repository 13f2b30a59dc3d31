import { useSession } from './useSession'
import type { DecisionForm } from './useDecision'

/** For accounts without a password here: sign out, sign in where they sign in, come back to this task with what was written. */
export function useSignInAgain(form: DecisionForm) {
  const { user, signOut } = useSession()
  if (user.value) form.restore(user.value.id)
  return {
    state: signOut.state,
    /** The shell takes whoever is signed out to the sign-in page, and from there back to this one. */
    leave: async (): Promise<void> => {
      if (user.value) form.keep(user.value.id)
      await signOut.send()
    },
  }
}
