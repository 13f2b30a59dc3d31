import { Finished } from '@element-plus/icons-vue'
import type { ConsoleModule } from '@/console/module'

const permissions = ['subsidy.review_township', 'subsidy.review_county']

export default {
  routes: [
    { path: 'batches', name: 'batches', meta: { title: '批量通过', permissions }, component: () => import('./pages/BatchListPage.vue') },
    { path: 'batches/:id(\\d+)', name: 'batch', meta: { title: '批量通过结果', permissions, menu: '/batches' }, component: () => import('./pages/BatchPage.vue') },
    { path: 'cycles/:id(\\d+)/approvable', name: 'approvable', meta: { title: '选择批量通过的结算单', permissions, menu: '/batches' }, component: () => import('./pages/ApprovablePage.vue') },
  ],
  menu: [{ title: '批量通过', path: '/batches', icon: Finished, order: 15, permissions }],
} satisfies ConsoleModule
