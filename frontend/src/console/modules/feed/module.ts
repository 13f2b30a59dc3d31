import { Connection } from '@element-plus/icons-vue'
import type { ConsoleModule } from '@/console/module'

const permissions = ['subsidy.view_statement']

export default {
  routes: [
    { path: 'feed', name: 'feed', meta: { title: '采集情况', permissions }, component: () => import('./pages/FeedPage.vue') },
    { path: 'feed/:institution(\\d+)/:month', name: 'feed-month', meta: { title: '采集情况', permissions }, component: () => import('./pages/FeedMonthPage.vue') },
  ],
  menu: [{ title: '采集情况', path: '/feed', icon: Connection, order: 55, permissions }],
} satisfies ConsoleModule
