import type { ProofAct } from '@/shared/api/types'
import { dateOf } from './dates'

/** Columns of the proof table: who speaks for the institution, who handles single facts, who reviews. */
export const PROOF_COLUMNS = [
  { title: '机构一方', duties: ['propose_correction', 'correct'] },
  { title: '更正核定', duties: ['check_correction'] },
  { title: '预警处置与放行', duties: ['settle_alert', 'override_alert'] },
  { title: '享受机构确定', duties: ['decide_payee'] },
  { title: '加签意见', duties: ['consult'] },
  { title: '初审', duties: ['review_township'] },
  { title: '县级审核', duties: ['review_county'] },
] as const

export type ProofCell = { person: string; note: string }

/** People of these duties, each once, with how often and when last; whoever acted for somebody is named with them. */
export function proofCells(acts: readonly ProofAct[], duties: readonly string[]): ProofCell[] {
  const found = new Map<string, { acts: ProofAct[] }>()
  for (const act of acts) {
    if (!duties.includes(act.duty)) continue
    const person = act.principal ? `${act.person}（受 ${act.principal} 委托）` : act.person
    found.set(person, { acts: [...(found.get(person)?.acts ?? []), act] })
  }
  return [...found].map(([person, one]) => {
    const titles = duties.length > 1 ? [...new Set(one.acts.map((act) => act.title))].join('、') : ''
    const last = one.acts.map((act) => act.at).sort().at(-1) ?? ''
    const times = one.acts.length > 1 ? `${one.acts.length} 次，` : ''
    return { person, note: [titles, `${times}${dateOf(last)}`].filter(Boolean).join(' ') }
  })
}
