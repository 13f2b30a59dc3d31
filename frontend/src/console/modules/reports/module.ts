import { DataAnalysis, Document, Search } from '@element-plus/icons-vue'
import type { ConsoleModule } from '@/console/module'

const permissions = ['reporting.view_report']
const statements = ['subsidy.view_statement']
const cycles = ['subsidy.view_cycle']

export default {
  routes: [
    { path: 'reports', name: 'reports', meta: { title: '报告', permissions }, component: () => import('./pages/ReportsPage.vue') },
    { path: 'statistics', name: 'statistics', meta: { title: '统计', permissions: cycles }, component: () => import('./pages/StatisticsPage.vue') },
    { path: 'rows', name: 'rows', meta: { title: '按行编码查询', permissions: statements }, component: () => import('./pages/RowPage.vue') },
  ],
  menu: [
    { title: '报告', path: '/reports', icon: Document, order: 60, permissions },
    { title: '统计', path: '/statistics', icon: DataAnalysis, order: 61, permissions: cycles },
    { title: '按行编码查询', path: '/rows', icon: Search, order: 62, permissions: statements },
  ],
} satisfies ConsoleModule
