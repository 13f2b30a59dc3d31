import type { PhoneModule } from '@/mobile/module'

export default {
  routes: [{ path: '/seals', name: 'seals', meta: { title: '封存核验' }, component: () => import('./pages/SealsPage.vue') }],
  tabs: [],
} satisfies PhoneModule
