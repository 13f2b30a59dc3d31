import { Warning } from '@element-plus/icons-vue'
import type { ConsoleModule } from '@/console/module'

const permissions = ['alerts.view_alert']
const officials = ['subsidy.view_cycle']

export default {
  routes: [
    { path: 'alerts', name: 'alerts', meta: { title: '预警', permissions, menu: '/alerts' }, component: () => import('./pages/AlertsPage.vue') },
    { path: 'alerts/results', name: 'alert-results', meta: { title: '预警结果', permissions, menu: '/alerts' }, component: () => import('./pages/ResultsPage.vue') },
    { path: 'alerts/checkup', name: 'alert-checkup', meta: { title: '预警体检', permissions: officials, menu: '/alerts' }, component: () => import('./pages/CheckupPage.vue') },
    { path: 'alerts/settings', name: 'alert-settings', meta: { title: '预警设置', permissions: officials, menu: '/alerts' }, component: () => import('./pages/SettingsPage.vue') },
    { path: 'alerts/:id(\\d+)', name: 'alert', meta: { title: '预警依据', permissions, menu: '/alerts' }, component: () => import('./pages/AlertPage.vue') },
  ],
  menu: [{ title: '预警', path: '/alerts', icon: Warning, order: 40, permissions }],
} satisfies ConsoleModule
