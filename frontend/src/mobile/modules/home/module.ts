import type { PhoneModule } from '@/mobile/module'

export default {
  routes: [{ path: '/', name: 'home', meta: { title: '智剡托育', bar: true }, component: () => import('./pages/HomePage.vue') }],
  tabs: [{ title: '首页', path: '/', icon: 'home-o', order: 10 }],
} satisfies PhoneModule
