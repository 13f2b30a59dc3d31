/** Addresses of files the browser loads by itself. They carry ids only. */

export function diagramUrl(cycleId: number, version: string): string {
  return `/api/v1/cycles/${cycleId}/diagram.svg?v=${encodeURIComponent(version)}`
}

export function reportUrl(reportId: number): string {
  return `/api/v1/reports/${reportId}/file`
}

export function statisticsUrl(first: string, last: string, county?: string): string {
  return `/api/v1/statistics/file?first=${first}&last=${last}${county ? `&county=${county}` : ''}`
}

export function packageUrl(sealId: number): string {
  return `/api/v1/seals/${sealId}/package`
}

/** What checks a package without this system: a page for any browser, or one Python file. */
export function verifierUrl(name: 'verify.html' | 'zhishan_verify.py'): string {
  return `/api/v1/seal-verifiers/${name}`
}

export const TEMPLATE_KINDS = ['institutions', 'children', 'staff', 'punches', 'leaves'] as const
export type TemplateKind = (typeof TEMPLATE_KINDS)[number]

export function templateUrl(kind: TemplateKind, format: 'csv' | 'xlsx'): string {
  return `/api/v1/import-templates/${kind}.${format}`
}

/** A message's link is a route of ours ("/tasks/12"); anything else is not followed. */
export function routeOf(link: string): string | null {
  const path = link.startsWith('#') ? link.slice(1) : link
  return /^\/(?!\/)[\w/?=&%.-]*$/.test(path) ? path : null
}
