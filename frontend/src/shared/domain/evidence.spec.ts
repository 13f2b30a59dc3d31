import { describe, expect, it } from 'vitest'
import { evidenceRefusal, sizeText } from './evidence'

describe('evidenceRefusal', () => {
  it('takes what the server takes', () => {
    for (const name of ['签到表.pdf', 'IMG_1.JPG', 'a.b.jpeg', 'x.png']) expect(evidenceRefusal({ name, size: 10 * 1024 * 1024 })).toBe('')
  })
  it('says what is wrong with the others', () => {
    expect(evidenceRefusal({ name: '名单.xlsx', size: 9 })).toBe('“名单.xlsx”不是 PDF、JPG 或 PNG 文件')
    expect(evidenceRefusal({ name: 'pdf', size: 9 })).toBe('')
    expect(evidenceRefusal({ name: '空.pdf', size: 0 })).toBe('“空.pdf”是空文件')
    expect(evidenceRefusal({ name: '大.pdf', size: 10 * 1024 * 1024 + 1 })).toBe('“大.pdf”超过 10 MB')
  })
})

describe('sizeText', () => {
  it('is short', () => {
    expect([1, 831_000, 3_565_158].map(sizeText)).toEqual(['1 KB', '812 KB', '3.4 MB'])
  })
})
