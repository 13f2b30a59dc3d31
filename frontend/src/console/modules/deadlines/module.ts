import { Timer } from '@element-plus/icons-vue'
import type { ConsoleModule } from '@/console/module'

const permissions = ['workflows.set_deadline']

export default {
  routes: [{ path: 'deadlines', name: 'deadlines', meta: { title: '办理期限', permissions }, component: () => import('./pages/DeadlinesPage.vue') }],
  menu: [{ title: '办理期限', path: '/deadlines', icon: Timer, order: 66, permissions }],
} satisfies ConsoleModule
