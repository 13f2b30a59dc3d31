import { Lock } from '@element-plus/icons-vue'
import type { ConsoleModule } from '@/console/module'

const permissions = ['seals.view_seal']

export default {
  routes: [
    { path: 'seals', name: 'seals', meta: { title: '封存核验', permissions }, component: () => import('./pages/SealListPage.vue') },
    { path: 'seals/:id(\\d+)', name: 'seal', meta: { title: '封存核验', permissions, menu: '/seals' }, component: () => import('./pages/SealPage.vue') },
  ],
  menu: [{ title: '封存核验', path: '/seals', icon: Lock, order: 37, permissions }],
} satisfies ConsoleModule
