import type { Problem } from './problem'

/** What a page shows of one piece of server state. */
export type View<T> =
  | { state: 'loading' }
  | { state: 'error'; problem: Problem; retry: () => void }
  | { state: 'done'; data: T }
