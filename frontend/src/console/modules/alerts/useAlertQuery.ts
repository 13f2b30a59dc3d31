import { computed } from 'vue'
import { useRoute, useRouter, type LocationQuery } from 'vue-router'
import type { AlertFilter } from '@/shared/composables/useAlerts'
import { isMonth } from '@/shared/domain/month'

const text = (query: LocationQuery, name: string) => (typeof query[name] === 'string' && query[name] ? (query[name] as string) : undefined)
const number = (query: LocationQuery, name: string) => (/^\d{1,15}$/.test(text(query, name) ?? '') ? Number(text(query, name)) : undefined)
const STATUSES = ['open', 'settled', 'gone']
const SEVERITIES = ['high', 'medium', 'low']

/** The filter of the list, kept in the address: going back, a link and 下一条 see the same rows. */
export function useAlertQuery() {
  const route = useRoute()
  const router = useRouter()
  const filter = computed<AlertFilter>(() => {
    const status = text(route.query, 'status') ?? 'open'
    const month = text(route.query, 'month')
    const severity = text(route.query, 'severity')
    return {
      cycle: number(route.query, 'cycle'),
      month: month && isMonth(month) ? month : undefined,
      status: STATUSES.includes(status) ? (status as AlertFilter['status']) : undefined,
      rule: text(route.query, 'rule') as AlertFilter['rule'],
      severity: severity && SEVERITIES.includes(severity) ? (severity as AlertFilter['severity']) : undefined,
      institution: number(route.query, 'institution'),
      township: text(route.query, 'township'),
      blocking: route.query.blocking === 'true' ? true : undefined,
    }
  })
  function choose(change: Record<string, string | number | undefined>): void {
    const query: Record<string, string> = {}
    for (const [name, value] of Object.entries({ ...route.query, ...change })) if (value !== undefined && value !== '' && value !== null) query[name] = String(value)
    void router.replace({ query })
  }
  return { filter, choose, query: computed(() => route.query) }
}
