import { vi } from 'vitest'
import { createApp, defineComponent, h, type App } from 'vue'
import { createQueryClient, VueQueryPlugin, type QueryClient } from '@/shared/composables/query'

export type Answer = { status?: number; body?: unknown } | 'offline'
export type Sent = { method: string; path: string; query: string; body: unknown; headers: Headers }

/** A server made of answers by "METHOD /path"; a list is answered in turn, the last one for ever. */
export function fakeServer(routes: Record<string, Answer | Answer[]>): Sent[] {
  const sent: Sent[] = []
  const turns = new Map<string, number>()
  vi.stubGlobal('fetch', async (request: Request) => {
    const url = new URL(request.url)
    const name = `${request.method} ${url.pathname}`
    const text = await request.clone().text()
    sent.push({ method: request.method, path: url.pathname, query: url.search, body: text ? JSON.parse(text) : undefined, headers: request.headers })
    const route = routes[name]
    if (route === undefined) throw new Error(`no answer prepared for ${name}`)
    const turn = turns.get(name) ?? 0
    turns.set(name, turn + 1)
    const answer = Array.isArray(route) ? route[Math.min(turn, route.length - 1)] : route
    if (answer === undefined || answer === 'offline') throw new TypeError('Failed to fetch')
    const status = answer.status ?? 200
    const type = status < 400 ? 'application/json' : 'application/problem+json'
    return new Response(status === 204 ? null : JSON.stringify(answer.body ?? {}), { status, headers: { 'Content-Type': type } })
  })
  return sent
}

export type Mounted<T> = { result: T; client: QueryClient; app: App }

/** Runs a composable inside an application, as a component would. */
export function withSetup<T>(composable: () => T, client = createQueryClient()): Mounted<T> {
  let result: T | undefined
  const app = createApp(
    defineComponent(() => {
      result = composable()
      return () => h('div')
    }),
  )
  app.use(VueQueryPlugin, { queryClient: client })
  app.mount(document.createElement('div'))
  return { result: result as T, client, app }
}
