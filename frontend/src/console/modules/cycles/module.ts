import { Calendar } from '@element-plus/icons-vue'
import type { ConsoleModule } from '@/console/module'

const permissions = ['subsidy.view_cycle']

export default {
  routes: [
    { path: 'cycles', name: 'cycles', meta: { title: '月度周期', permissions }, component: () => import('./pages/CycleListPage.vue') },
    { path: 'cycles/:id(\\d+)', name: 'cycle', meta: { title: '月度周期', permissions, menu: '/cycles' }, component: () => import('./pages/CyclePage.vue') },
  ],
  menu: [{ title: '月度周期', path: '/cycles', icon: Calendar, order: 20, permissions }],
} satisfies ConsoleModule
