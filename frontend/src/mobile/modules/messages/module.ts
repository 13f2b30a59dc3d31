import type { PhoneModule } from '@/mobile/module'

export default {
  routes: [{ path: '/messages', name: 'messages', meta: { title: '消息', bar: true }, component: () => import('./pages/MessagesPage.vue') }],
  tabs: [{ title: '消息', path: '/messages', icon: 'chat-o', order: 30 }],
} satisfies PhoneModule
