import type { Component } from 'vue'
import type { RouteRecordRaw } from 'vue-router'

/** One area of the console: its routes, its place in the menu, and which permission opens it. */
export type MenuItem = {
  title: string
  path: string
  icon: Component
  order: number
  /** Any of these codenames shows the item; none listed means everybody signed in. */
  permissions: readonly string[]
  /** Whose first page it may be, where that is not everybody who sees it. */
  startFor?: readonly string[]
}

export type ConsoleModule = { routes: RouteRecordRaw[]; menu: MenuItem[] }

declare module 'vue-router' {
  interface RouteMeta {
    title?: string
    /** Any of these codenames opens the page; the server checks again on every request. */
    permissions?: readonly string[]
    /** Path of the menu item to light up. */
    menu?: string
  }
}
