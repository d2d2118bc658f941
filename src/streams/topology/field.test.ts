import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { driveTopology } from '../../testing/index.ts'
import { field, pathText } from './field.ts'
import { planTopology } from './plan.ts'
import { stage } from './stage.ts'
import { topology } from './topology.ts'

describe('field', () => {
  for (const [path, steps] of [
    ['a', ['a']],
    ['a.b', ['a', 'b']],
    ['items[0].id', ['items', 0, 'id']],
    ['a[1][23].b.c[4]', ['a', 1, 23, 'b', 'c', 4]],
    ['items.0', ['items', '0']],
    [
      ['a.b', '[0]', 0],
      ['a.b', '[0]', 0],
    ],
    [[''], ['']],
  ] as const) {
    it(`reads ${JSON.stringify(path)}`, () => {
      assert.deepEqual(field(path).path, steps)
    })
  }

  for (const path of [
    '',
    'a.',
    '.a',
    '[0]',
    'a.[0]',
    'a[b]',
    'a[-1]',
    'a[0]b',
    'a[9999999999]',
    [],
    [0],
    ['a', -1],
    ['a', 0.5],
  ]) {
    it(`refuses ${JSON.stringify(path)}`, () => {
      assert.throws(() => field(path), { code: 'TOPOLOGY_INVALID', message: /names no property/ })
    })
  }

  it('is shown as it is written', () => {
    assert.equal(pathText(field('a[1].b[2]').path), 'a[1].b[2]')
  })

  it('finds elements of arrays as route, key and part, and properties called like an index', async () => {
    const program = topology('orders')
      .source('source')
      .route('by-kind', field('kinds[1]'), { A: stage({ part: field('lines[0].part') }), B: stage() })
      .correlate(
        'by-key',
        { A: field('keys[0][1]').asString(), B: field('keys.0') },
        { of: ['A', 'B'], keyName: 'key' },
      )
      .sink('sink')
    await using driver = await driveTopology(program)
    const last = { kinds: ['x', 'B'], keys: { 0: '7' } }

    await driver.give([{ kinds: ['B', 'A'], keys: [[5, 7], 6], lines: [{ part: [1] }, { part: 2 }] }, last])
    await driver.give([{ kinds: ['B', 'C'] }, { kinds: { 1: 'A' } }, { kinds: ['', 'A'], keys: [[5]] }])

    assert.equal(driver.merged()[0]!.text, `{"key":"7","A":[1],"B":${JSON.stringify(last)}}`)
    assert.deepEqual(
      driver.deadLetters().map(({ cause }) => cause),
      [
        'the field "kinds[1]" of the route has "C", but there is no such stage; the stages are "A", "B"',
        'the field "kinds[1]" of the route is missing',
        'the field "keys[0][1]" of the merge key is missing',
      ],
    )
  })

  it('that ends with an index gives the key no name', () => {
    const program = topology('orders')
      .source('source')
      .route('by-kind', field('kind'), { A: stage(), B: stage() })
      .correlate('by-key', field('keys[0]'), { of: ['A', 'B'] })
      .sink('sink')

    assert.throws(() => planTopology(program), /"by-key" needs a keyName/)
  })
})
