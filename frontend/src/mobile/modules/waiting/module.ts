import type { PhoneModule } from '@/mobile/module'

export default {
  routes: [{ path: '/cycles/:id(\\d+)/waiting', name: 'waiting', meta: { title: '钱卡在谁那' }, component: () => import('./pages/WaitingPage.vue') }],
  tabs: [],
} satisfies PhoneModule
