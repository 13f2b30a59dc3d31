import { Tickets } from '@element-plus/icons-vue'
import type { ConsoleModule } from '@/console/module'

const permissions = ['subsidy.view_statement']

export default {
  routes: [
    { path: 'statements', name: 'statements', meta: { title: '结算单', permissions }, component: () => import('./pages/StatementListPage.vue') },
    { path: 'statements/:id(\\d+)', name: 'statement', meta: { title: '机构月度结算单', permissions, menu: '/statements' }, component: () => import('./pages/StatementPage.vue') },
    { path: 'lines/:id(\\d+)', name: 'line', meta: { title: '应补金额明细', permissions, menu: '/statements' }, component: () => import('./pages/LinePage.vue') },
  ],
  menu: [{ title: '结算单', path: '/statements', icon: Tickets, order: 30, permissions }],
} satisfies ConsoleModule
