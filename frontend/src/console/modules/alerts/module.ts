import { Warning } from '@element-plus/icons-vue'
import type { ConsoleModule } from '@/console/module'

const permissions = ['alerts.view_alert']

export default {
  routes: [{ path: 'alerts', name: 'alerts', meta: { title: '预警', permissions }, component: () => import('./pages/AlertsPage.vue') }],
  menu: [{ title: '预警', path: '/alerts', icon: Warning, order: 40, permissions }],
} satisfies ConsoleModule
