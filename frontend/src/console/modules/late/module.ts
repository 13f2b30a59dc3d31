import { Timer } from '@element-plus/icons-vue'
import type { ConsoleModule } from '@/console/module'

const permissions = ['subsidy.view_cycle']

export default {
  routes: [
    { path: 'late', name: 'late', meta: { title: '迟到账', permissions }, component: () => import('./pages/LedgerListPage.vue') },
    { path: 'cycles/:id(\\d+)/late', name: 'late-month', meta: { title: '迟到账', permissions, menu: '/late' }, component: () => import('./pages/LedgerPage.vue') },
  ],
  menu: [{ title: '迟到账', path: '/late', icon: Timer, order: 36, permissions }],
} satisfies ConsoleModule
