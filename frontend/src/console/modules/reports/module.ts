import { Document } from '@element-plus/icons-vue'
import type { ConsoleModule } from '@/console/module'

const permissions = ['reporting.view_report']

export default {
  routes: [{ path: 'reports', name: 'reports', meta: { title: '报告', permissions }, component: () => import('./pages/ReportsPage.vue') }],
  menu: [{ title: '报告', path: '/reports', icon: Document, order: 60, permissions }],
} satisfies ConsoleModule
