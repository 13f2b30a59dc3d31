import type { RouteRecordRaw } from 'vue-router'

/** One area of the phone: its routes and, for the few that have one, the place in the bottom bar. */
export type TabItem = { title: string; path: string; icon: string; order: number }
export type PhoneModule = { routes: RouteRecordRaw[]; tabs: TabItem[] }

declare module 'vue-router' {
  interface RouteMeta {
    title?: string
    /** The bottom bar is shown: on the first level only, deeper pages have their own action bar. */
    bar?: boolean
  }
}
