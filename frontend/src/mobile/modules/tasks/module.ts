import type { PhoneModule } from '@/mobile/module'

export default {
  routes: [
    { path: '/tasks', name: 'tasks', meta: { title: '我的任务', bar: true }, component: () => import('./pages/TaskListPage.vue') },
    { path: '/tasks/:id(\\d+)', name: 'task', meta: { title: '办理任务' }, component: () => import('./pages/TaskPage.vue') },
    { path: '/lines/:id(\\d+)', name: 'line', meta: { title: '应补金额明细' }, component: () => import('./pages/LinePage.vue') },
  ],
  tabs: [{ title: '任务', path: '/tasks', icon: 'todo-list-o', order: 20 }],
} satisfies PhoneModule
