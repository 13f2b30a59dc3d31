import { afterEach, expect, it, vi } from 'vitest'
import type { SchemeDetail } from '@/shared/api/types'
import { draftOf, schemeContent } from '@/shared/domain/scheme'
import { fakeServer, withSetup } from '../../../tests/server'
import { useScenarioCheck, useSchemeCheck, useSchemeCreate, useSchemeEdit, useSchemeRelease } from './useSchemes'

const scheme: SchemeDetail = {
  id: 7,
  county: { code: '330683000000', name: '嵊州市', level: 'county' } as unknown as SchemeDetail['county'],
  code: 'demo',
  version: 2,
  name: '托育补助',
  document_number: '演示〔2026〕1号',
  starts_on: '2027-01-01',
  state: 'draft',
  made_by_name: '甲',
  released_by_name: '',
  released_at: null,
  definition: { format: 1, axes: ['grade'], grades: ['level_1'] },
  rates: [{ keys: { grade: 'level_1' }, amount: '400.00', document_number: '演示〔2026〕1号', clause: '', starts_on: '2027-01-01' }],
  content_hash: 'seen',
  checked: true,
  can_edit: true,
  can_release: true,
  events: [],
}

afterEach(() => vi.unstubAllGlobals())

it('sends the rule back as it was read, with the new amounts and the content that was seen', async () => {
  const sent = fakeServer({ 'PUT /api/v1/schemes/7': { body: { ...scheme, content_hash: 'new' } } })
  const { result } = withSetup(() => useSchemeEdit())
  const draft = draftOf(scheme)
  draft.rates[0]!.amount = '450'
  const checked = schemeContent(draft, scheme.definition)
  if (!checked.ok) throw new Error(checked.missing)
  await result.send(scheme, checked.content)
  expect(sent.map((one) => one.body)).toEqual([
    {
      name: '托育补助',
      document_number: '演示〔2026〕1号',
      starts_on: '2027-01-01',
      definition: scheme.definition,
      content_hash: 'seen',
      rates: [{ keys: { grade: 'level_1' }, amount: '450', document_number: '演示〔2026〕1号', clause: '', starts_on: '2027-01-01' }],
    },
  ])
})

it('releases the content that was read, and says who may not', async () => {
  const problem = { status: 403, body: { code: 'separation_of_duties', detail: '起草或修改过这个方案的人不能发布, 请由另一人发布' } }
  const sent = fakeServer({ 'POST /api/v1/schemes/7/release': problem })
  const { result } = withSetup(() => useSchemeRelease())
  expect(await result.send(scheme)).toBeUndefined()
  expect(sent.map((one) => one.body)).toEqual([{ content_hash: 'seen' }])
  expect(result.state.value).toMatchObject({ state: 'refused', problem: { code: 'separation_of_duties' } })
})

it('checks one month', async () => {
  const sent = fakeServer({ 'POST /api/v1/schemes/7/check': { body: { content_hash: 'seen', changes: [] } } })
  const { result } = withSetup(() => useSchemeCheck())
  expect(await result.send(7, '2026-10')).toMatchObject({ content_hash: 'seen' })
  expect(sent.map((one) => one.body)).toEqual([{ month: '2026-10' }])
})

it('compares a scenario file, then drafts exactly its rule and standards', async () => {
  const found = { name: '按天', failed: 0, outcomes: [], errors: [], scheme: { definition: scheme.definition, rates: scheme.rates } }
  const sent = fakeServer({ 'POST /api/v1/scenario-checks': { body: found }, 'POST /api/v1/schemes': { status: 201, body: scheme } })
  const { result } = withSetup(() => ({ check: useScenarioCheck(), create: useSchemeCreate() }))
  const checked = await result.check.send('名称: 按天')
  if (!checked?.scheme) throw new Error('no scheme')
  await result.create.send({ county: '330683000000', code: 'days', name: '按天', document_number: '试1号', starts_on: '2027-01-01', ...checked.scheme })
  expect(sent.map((one) => one.body)).toEqual([
    { text: '名称: 按天' },
    { county: '330683000000', code: 'days', name: '按天', document_number: '试1号', starts_on: '2027-01-01', definition: scheme.definition, rates: scheme.rates },
  ])
})
