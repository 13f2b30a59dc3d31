import { ChatDotRound } from '@element-plus/icons-vue'
import type { ConsoleModule } from '@/console/module'

export default {
  routes: [{ path: 'messages', name: 'messages', meta: { title: '消息' }, component: () => import('./pages/MessagesPage.vue') }],
  menu: [{ title: '消息', path: '/messages', icon: ChatDotRound, order: 90, permissions: [] }],
} satisfies ConsoleModule
