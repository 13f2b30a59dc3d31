import { describe, expect, it } from 'vitest'
import { daysTitle, lineKind, lineName, lineTitle, payeesText, paymentsText, paysInstitution, subjectText } from './lines'

const child = { child_id: 7, child_name: '王**', child_code: 'C0007', places: null, class_type: 'infant' as const, care_mode: 'half_day' as const }
const own = { child_id: null, child_name: '', child_code: '', places: 30, class_type: null, care_mode: null }

describe('a line says whom it pays', () => {
  it('a child by masked name and code', () => {
    expect([lineName(child), lineTitle(child), lineKind(child), daysTitle(child)]).toEqual(['王**', '王**（C0007）', '乳儿班 · 半日托', '实际 / 应考勤'])
  })
  it('the institution by its places', () => {
    expect([lineName(own), lineTitle(own), lineKind(own), daysTitle(own)]).toEqual(['机构', '机构（30 个托位）', '30 个托位', '开放 / 工作日'])
  })
  it('a statement counts children or places', () => {
    expect(subjectText({ children_count: 12, places: 0 })).toBe('12 名婴幼儿')
    expect(subjectText({ children_count: 0, places: 30 })).toBe('30 个托位')
    expect(paysInstitution({ children_count: 0, places: 0 })).toBe(false)
  })
})

it('payments are read party by party', () => {
  const family = { party: 'family', title: '家庭', amounts: ['120.00'], total: '120.00' }
  const institution = { party: 'institution', title: '机构', amounts: ['112.00', '168.00'], total: '280.00' }
  expect(paymentsText([institution, family])).toBe('机构 280.00 元（第 1 期 112.00 元，第 2 期 168.00 元）；家庭 120.00 元')
  expect(payeesText([institution, family])).toBe('机构 280.00 元；家庭 120.00 元')
})
