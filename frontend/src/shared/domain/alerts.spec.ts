import { describe, expect, it } from 'vitest'
import type { EvidenceVisit } from '@/shared/api/types'
import { alertKey, correctionKinds, dayNumbers, minutesText, neighbours, photosOf } from './alerts'

const key = (name: string, more: Partial<KeyboardEvent> = {}) => ({ key: name, ctrlKey: false, altKey: false, metaKey: false, ...more })

describe('keys', () => {
  it('moves and decides', () => {
    expect(['j', 'K', 'c', 'D', '?', 'Escape', 'x'].map((name) => alertKey(key(name), false))).toEqual(['next', 'previous', 'confirm', 'dismiss', 'help', 'back', null])
  })
  it('leaves typing and shortcuts of the browser alone', () => {
    expect(alertKey(key('d'), true)).toBeNull()
    expect(alertKey(key('d', { ctrlKey: true }), false)).toBeNull()
  })
})

describe('neighbours', () => {
  it('knows where it is', () => {
    expect(neighbours([9, 7, 4], 7)).toEqual({ position: 2, previous: 9, next: 4 })
    expect(neighbours([9, 7, 4], 4)).toEqual({ position: 3, previous: 7, next: null })
  })
  it('begins at the top when the list no longer holds it', () => {
    expect(neighbours([9], 1)).toEqual({ position: 0, previous: null, next: 9 })
    expect(neighbours([], 1)).toEqual({ position: 0, previous: null, next: null })
  })
})

describe('photos', () => {
  it('carry institution, child, day and second', () => {
    const punch = { happened_at: '2026-10-12T08:20:05+08:00', arrived_at: '2026-10-12T08:20:06+08:00', direction: 'in', source: 'face', device: 'A', photo_url: '/p/1' } as const
    const visit: EvidenceVisit = {
      institution: { id: 1, name: '茉莉' },
      child: { id: 2, code: 'M-2', name: '欧**' },
      date: '2026-10-12',
      withheld: false,
      punches: [punch, { ...punch, photo_url: null }],
    }
    expect(photosOf([visit])).toEqual([{ url: '/p/1', caption: '茉莉 · 欧**（M-2）', stamp: '10月12日 08:20:05 入园' }])
  })
})

describe('texts', () => {
  it('rounds to minutes and never hides time that was spent', () => {
    expect([0, 20, 200, 3_900].map(minutesText)).toEqual(['—', '1 分', '3 分', '1 小时 05 分'])
  })
  it('names days of a month', () => {
    expect(dayNumbers(['2026-10-08', '2026-10-12'])).toBe('8、12')
  })
})

describe('corrections from an alert', () => {
  it('offers both, the one that answers the alert first', () => {
    expect(correctionKinds(['absent'])).toEqual(['absent', 'present'])
    expect(correctionKinds(['absent', 'present'])).toEqual(['present', 'absent'])
  })
})
