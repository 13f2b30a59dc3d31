import type { PhoneModule } from '@/mobile/module'

export default {
  routes: [
    { path: '/delegations', name: 'delegations', meta: { title: '委托' }, component: () => import('./pages/DelegationsPage.vue') },
    { path: '/delegations/new', name: 'delegation-new', meta: { title: '新建委托' }, component: () => import('./pages/DelegationNewPage.vue') },
  ],
  tabs: [],
} satisfies PhoneModule
