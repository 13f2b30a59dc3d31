import type { ConsoleModule } from '@/console/module'

export default {
  routes: [
    {
      path: 'cycles/:id(\\d+)/waiting',
      name: 'waiting',
      meta: { title: '钱卡在谁那', permissions: ['subsidy.view_cycle'], menu: '/cycles' },
      component: () => import('./pages/WaitingPage.vue'),
    },
  ],
  menu: [],
} satisfies ConsoleModule
