import { SetUp } from '@element-plus/icons-vue'
import type { ConsoleModule } from '@/console/module'

const permissions = ['subsidy.view_scheme']

export default {
  routes: [
    { path: 'schemes', name: 'schemes', meta: { title: '补助方案', permissions }, component: () => import('./pages/SchemeListPage.vue') },
    { path: 'schemes/scenarios', name: 'scenarios', meta: { title: '用例核对', permissions, menu: '/schemes' }, component: () => import('./pages/ScenarioPage.vue') },
    { path: 'schemes/:id(\\d+)', name: 'scheme', meta: { title: '补助方案', permissions, menu: '/schemes' }, component: () => import('./pages/SchemePage.vue') },
  ],
  menu: [{ title: '补助方案', path: '/schemes', icon: SetUp, order: 65, permissions }],
} satisfies ConsoleModule
