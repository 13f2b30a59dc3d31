import { Cpu } from '@element-plus/icons-vue'
import type { ConsoleModule } from '@/console/module'

const permissions = ['jobs.operate']

export default {
  routes: [
    { path: 'jobs', name: 'jobs', meta: { title: '后台作业', permissions }, component: () => import('./pages/JobListPage.vue') },
    { path: 'jobs/:id(\\d+)', name: 'job', meta: { title: '后台作业', permissions, menu: '/jobs' }, component: () => import('./pages/JobPage.vue') },
  ],
  menu: [{ title: '后台作业', path: '/jobs', icon: Cpu, order: 80, permissions }],
} satisfies ConsoleModule
