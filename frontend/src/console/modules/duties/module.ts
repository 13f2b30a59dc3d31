import { User } from '@element-plus/icons-vue'
import type { ConsoleModule } from '@/console/module'

const permissions = ['accounts.manage_users']

export default {
  routes: [
    { path: 'cycles/:id(\\d+)/duties', name: 'proof', meta: { title: '职责分离证明', permissions: ['reporting.view_report'], menu: '/cycles' }, component: () => import('./pages/ProofPage.vue') },
    { path: 'unattended', name: 'unattended', meta: { title: '无合格办理人', permissions }, component: () => import('./pages/UnattendedPage.vue') },
  ],
  menu: [{ title: '无合格办理人', path: '/unattended', icon: User, order: 75, permissions }],
} satisfies ConsoleModule
