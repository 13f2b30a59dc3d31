import { expect, it } from 'vitest'
import { sealedTableLabel, sealStateLabel, signatureLabel, witnessLabel } from './labels'

it('says with what a sealed month was compared', () => {
  expect(witnessLabel('')).toBe('无可核对的封存包')
  expect(witnessLabel('copy')).toBe('库内副本')
  expect(witnessLabel('directory')).toBe('备份目录的封存包')
  expect(witnessLabel('nas2')).toBe('nas2的封存包')
})

it('names sealed tables in plain words and leaves others to their code', () => {
  expect(sealedTableLabel('subsidy_snap_line')).toBe('明细行')
  expect(sealedTableLabel('backup:directory')).toBe('备份的封存包')
  expect(sealedTableLabel('constructor')).toBe('')
})

it('has a word and a tone for every state of a seal', () => {
  expect(['sound', 'damaged', 'unsaved', 'unchecked'].map((state) => sealStateLabel(state).tone)).toEqual(['success', 'danger', 'warning', 'info'])
  expect(signatureLabel('sm2')).toBe('国密 SM2')
})
