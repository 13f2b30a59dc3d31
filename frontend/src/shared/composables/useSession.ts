import { computed } from 'vue'
import { useQuery, useQueryClient, type QueryClient } from '@tanstack/vue-query'
import { api, setCsrfToken, unwrap, whenSignedOut } from '@/shared/api/client'
import type { Session, SessionUser } from '@/shared/api/types'
import { keys } from './keys'
import { viewOf } from './query'
import { useSend } from './useSend'

async function fetchSession(): Promise<Session> {
  const session = await unwrap(api.GET('/api/v1/session'))
  setCsrfToken(session.csrf_token)
  return session
}

/** The session before the first page is chosen; router guards use it. */
export function loadSession(client: QueryClient): Promise<Session> {
  return client.ensureQueryData({ queryKey: keys.session, queryFn: fetchSession })
}

/** A refused request means the session ended: forget the person, keep the token and the demo hint by asking again. */
export function watchSignedOut(client: QueryClient): void {
  whenSignedOut(() => {
    const known = client.getQueryData<Session>(keys.session)
    if (known?.authenticated) client.setQueryData<Session>(keys.session, { ...known, authenticated: false, user: null })
    void client.invalidateQueries({ queryKey: keys.session })
  })
}

/** Another person is here: nothing read for the one before may stay. The session query itself lives on, for its observers. */
function becomes(client: QueryClient, session: Session): void {
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== keys.session[0] })
  client.setQueryData<Session>(keys.session, session)
}

/** Permissions of one's own roles and of steps handed over for today (委托): they open the same lists. */
export function opensFor(user: SessionUser, permissions: readonly string[]): boolean {
  const held = [...user.permissions, ...user.stands_in.map((one) => one.permission)]
  return permissions.length === 0 || permissions.some((one) => held.includes(one))
}

export function useSession() {
  const client = useQueryClient()
  const query = useQuery({ queryKey: keys.session, queryFn: fetchSession, staleTime: 60_000 })
  const user = computed(() => query.data.value?.user ?? null)

  const signIn = useSend(async (username: string, password: string) => {
    // Another tab may have rotated the token since this page was opened.
    await fetchSession()
    const session = await unwrap(api.POST('/api/v1/session', { body: { username, password } }))
    setCsrfToken(session.csrf_token)
    becomes(client, session)
    return session
  })

  const signOut = useSend(async () => {
    await unwrap(api.DELETE('/api/v1/session'))
    becomes(client, await fetchSession())
  })

  return {
    view: viewOf(query),
    user,
    demoAccounts: computed(() => query.data.value?.demo?.accounts ?? []),
    can: (permission: string) => user.value?.permissions.includes(permission) ?? false,
    signIn,
    signOut,
  }
}
