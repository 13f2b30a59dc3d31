import { Switch } from '@element-plus/icons-vue'
import type { ConsoleModule } from '@/console/module'
import { TASK_PERMISSIONS } from '@/shared/composables/useTasks'

const permissions = TASK_PERMISSIONS

export default {
  routes: [{ path: 'delegations', name: 'delegations', meta: { title: '委托', permissions }, component: () => import('./pages/DelegationsPage.vue') }],
  menu: [{ title: '委托', path: '/delegations', icon: Switch, order: 16, permissions }],
} satisfies ConsoleModule
