import type { PhoneModule } from '@/mobile/module'

export default {
  routes: [
    { path: '/batches', name: 'batches', meta: { title: '批量通过' }, component: () => import('./pages/BatchListPage.vue') },
    { path: '/batches/:id(\\d+)', name: 'batch', meta: { title: '批量通过结果' }, component: () => import('./pages/BatchPage.vue') },
    { path: '/cycles/:id(\\d+)/approvable', name: 'approvable', meta: { title: '选择结算单' }, component: () => import('./pages/ApprovablePage.vue') },
  ],
  tabs: [],
} satisfies PhoneModule
