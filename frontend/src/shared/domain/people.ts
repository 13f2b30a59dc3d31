import type { Colleague } from '@/shared/api/types'

/** How many may be asked or let know at once; the server's limit. */
export const PEOPLE_AT_MOST = 20

/** The list after one name was pressed: a single choice replaces, several are added and taken away. */
export function choose(chosen: readonly Colleague[], person: Colleague, several: boolean): Colleague[] {
  if (!several) return [person]
  return chosen.some((one) => one.id === person.id) ? chosen.filter((one) => one.id !== person.id) : [...chosen, person]
}

/** Who can be chosen before who cannot; each part as it came. */
export const eligibleFirst = (people: readonly Colleague[]) => [...people.filter((one) => one.eligible), ...people.filter((one) => !one.eligible)]

export const namesOf = (people: readonly { display_name: string }[]) => people.map((one) => one.display_name).join('、')
