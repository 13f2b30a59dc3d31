import type { CyclePreflight } from '@/shared/api/types'

/** 再次确认身份 before an evaluation: nothing to do, a password, already done until then, or a new outside sign-in. */
export type IdentityStep = { way: 'none' } | { way: 'password' } | { way: 'proved'; until: string } | { way: 'sign_in' }

/** Until the server has said how, the usual way; whether it was enough is the server's to say. */
export function stepOf(found: Pick<CyclePreflight, 'identity' | 'identity_until'> | null, now: Date): IdentityStep {
  if (found === null || found.identity === 'password') return { way: 'password' }
  const until = found.identity_until
  return until !== null && new Date(until) > now ? { way: 'proved', until } : { way: 'sign_in' }
}
