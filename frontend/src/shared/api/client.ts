/** The one way to the server: session cookie, CSRF header, problem bodies as typed errors. */
import createClient, { type Middleware } from 'openapi-fetch'
import { networkProblem, problemOf, ProblemError } from '@/shared/domain/problem'
import type { paths } from './schema'

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

let csrfToken = ''
let onSignedOut: () => void = () => undefined

/** Every session answer carries the token; sign-in rotates it. */
export function setCsrfToken(token: string): void {
  csrfToken = token
}

/** Told when any request is refused because nobody is signed in. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener
}

const csrf: Middleware = {
  onRequest({ request }) {
    if (!SAFE_METHODS.has(request.method)) request.headers.set('X-CSRFToken', csrfToken)
    return request
  },
}

/** Absolute, because `Request` needs it in 浙政钉 and outside a browser. */
export function apiBase(): string {
  return import.meta.env.VITE_API_BASE || window.location.origin
}

export const api = createClient<paths>({
  baseUrl: apiBase(),
  credentials: 'same-origin',
  headers: { Accept: 'application/json' },
  // Looked up at call time, so that a test can put its own in place.
  fetch: (request: Request) => globalThis.fetch(request),
})
api.use(csrf)

type Answer<T> = { data?: T; error?: unknown; response: Response }

/** The data of an answer, or a thrown `ProblemError`. */
export async function unwrap<T>(request: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>
  try {
    answer = await request
  } catch (error) {
    // fetch rejects with TypeError when there is no answer at all; openapi-fetch with SyntaxError when it is not JSON.
    if (error instanceof SyntaxError) throw new ProblemError(problemOf(502, null))
    if (error instanceof TypeError) throw new ProblemError(networkProblem())
    throw error
  }
  if (!answer.response.ok) {
    const problem = problemOf(answer.response.status, answer.error)
    if (problem.status === 401) onSignedOut()
    throw new ProblemError(problem)
  }
  return answer.data as T
}
