import { createRouter, createWebHashHistory, type Router } from 'vue-router'
import type { QueryClient } from '@/shared/composables/query'
import { loadSession } from '@/shared/composables/useSession'
import { MODULES } from './modules'

export function createPhoneRouter(client: QueryClient): Router {
  const router = createRouter({
    history: createWebHashHistory(),
    scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
    routes: [...MODULES.flatMap((module) => module.routes), { path: '/:rest(.*)*', redirect: '/' }],
  })

  router.beforeEach(async (to) => {
    // A server that does not answer is shown by the sign-in page, which asks again.
    const session = await loadSession(client).catch(() => null)
    if (to.name === 'login') return session?.user ? { path: '/' } : true
    return session?.user ? true : { name: 'login', query: to.path === '/' ? {} : { next: to.fullPath } }
  })

  router.afterEach((to) => {
    document.title = to.meta.title ?? '智剡托育'
  })
  return router
}
