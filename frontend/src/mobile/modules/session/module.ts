import type { PhoneModule } from '@/mobile/module'

export default {
  routes: [
    { path: '/login', name: 'login', meta: { title: '登录' }, component: () => import('./pages/LoginPage.vue') },
    { path: '/me', name: 'me', meta: { title: '我的', bar: true }, component: () => import('./pages/MePage.vue') },
  ],
  tabs: [{ title: '我的', path: '/me', icon: 'user-o', order: 90 }],
} satisfies PhoneModule
