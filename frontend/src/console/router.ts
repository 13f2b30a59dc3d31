import { createRouter, createWebHashHistory, type Router } from 'vue-router'
import type { QueryClient } from '@/shared/composables/query'
import { loadSession, opensFor } from '@/shared/composables/useSession'
import { MENU, MODULES } from './modules'

const PRODUCT = '智剡托育'

export function createConsoleRouter(client: QueryClient): Router {
  const router = createRouter({
    history: createWebHashHistory(),
    scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
    routes: [
      { path: '/login', name: 'login', meta: { title: '登录' }, component: () => import('./modules/session/pages/LoginPage.vue') },
      {
        path: '/',
        component: () => import('./shell/AppShell.vue'),
        children: [
          { path: '', name: 'home', redirect: () => ({ name: 'start' }) },
          { path: 'start', name: 'start', component: () => import('./shell/StartPage.vue') },
          ...MODULES.flatMap((module) => module.routes),
          { path: ':rest(.*)*', name: 'missing', meta: { title: '找不到页面' }, component: () => import('./shell/MissingPage.vue') },
        ],
      },
    ],
  })

  router.beforeEach(async (to) => {
    // A server that does not answer is shown by the sign-in page, which asks again.
    const session = await loadSession(client).catch(() => null)
    const user = session?.user ?? null
    if (to.name === 'login') return user ? { path: '/' } : true
    if (!user) return { name: 'login', query: to.path === '/' ? {} : { next: to.fullPath } }
    const holds = (wanted: readonly string[] | undefined) => opensFor(user, wanted ?? [])
    if (to.name === 'start') {
      const first = MENU.find((item) => holds(item.startFor ?? item.permissions))
      return first ? { path: first.path } : true
    }
    return holds(to.meta.permissions) ? true : { name: 'missing', params: { rest: to.path.slice(1).split('/') } }
  })

  router.afterEach((to) => {
    document.title = to.meta.title ? `${to.meta.title} · ${PRODUCT}` : PRODUCT
  })
  return router
}
