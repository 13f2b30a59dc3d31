/// <reference types="vite/client" />

interface ImportMetaEnv {
  /** Absolute address of the API. Needed inside 浙政钉, where the page comes from the container's own origin; empty elsewhere. */
  readonly VITE_API_BASE?: string
}
