import { Memo } from '@element-plus/icons-vue'
import type { ConsoleModule } from '@/console/module'
import { SEE_TASKS, TASK_PERMISSIONS } from '@/shared/composables/useTasks'

const permissions = [SEE_TASKS]

export default {
  routes: [
    { path: 'tasks', name: 'tasks', meta: { title: '我的任务', permissions }, component: () => import('./pages/TaskListPage.vue') },
    { path: 'tasks/:id(\\d+)', name: 'task', meta: { title: '办理任务', menu: '/tasks' }, component: () => import('./pages/TaskPage.vue') },
  ],
  menu: [{ title: '我的任务', path: '/tasks', icon: Memo, order: 10, permissions, startFor: TASK_PERMISSIONS }],
} satisfies ConsoleModule
