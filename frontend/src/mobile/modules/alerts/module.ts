import type { PhoneModule } from '@/mobile/module'

export default {
  routes: [
    { path: '/alerts', name: 'alerts', meta: { title: '预警' }, component: () => import('./pages/AlertListPage.vue') },
    { path: '/alerts/:id(\\d+)', name: 'alert', meta: { title: '预警依据' }, component: () => import('./pages/AlertPage.vue') },
  ],
  tabs: [],
} satisfies PhoneModule
