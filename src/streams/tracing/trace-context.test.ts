import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { driveTopology, type GiveOptions, VirtualClock } from '../../testing/index.ts'
import { Engine } from '../in-memory/engine.ts'
import { pairs } from '../fixtures/pairs.ts'
import { field } from '../topology/field.ts'
import { type Topology, topology } from '../topology/topology.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const traceparent = `00-${traceId}-b7ad6b7169203331-01`
const another = `00-${'9'.repeat(32)}-${'8'.repeat(16)}-00`
const tracestate = 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'

/** Merges the records of three topics, of which one may be absent. */
const threeTopics = topology('traced')
  .source('a')
  .side('A')
  .source('b')
  .side('B')
  .source('c')
  .side('C')
  .correlate('by-id', field('id'), {
    of: ['A', 'B', 'C'],
    optional: { sides: ['C'], withinMs: 1_000 },
    rememberCompleted: { forMs: 60_000 },
  })

const traced = threeTopics.sink('out', { traceContext: true })

type Headers = NonNullable<GiveOptions['headers']>

/** The trace of what is merged of parts with these headers, given in this order. */
async function traceOf(
  parts: readonly (readonly [topic: string, headers: Headers])[],
  program: Topology<unknown, unknown> = traced,
) {
  await using driver = await driveTopology(program)
  for (const [topic, headers] of parts) await driver.give([{ id: 'k' }], { topic, headers })
  await driver.advance(2_000)
  const [record, ...others] = driver.merged()
  assert.equal(others.length, 0)
  const { 'millrace.origins': origins, ...rest } = record!.headers
  assert.ok(origins !== undefined)
  return rest
}

/** That of a record whose first part has a header of this value, and nothing else has. */
const traceOfParent = (value: string) =>
  traceOf([
    ['b', {}],
    ['a', { traceparent: value, tracestate }],
  ])

describe('the trace of a merged record', () => {
  it('is that of the first side that came with one, whatever came last', async () => {
    const a = ['a', { traceparent, tracestate }] as const
    const b = ['b', { traceparent: another }] as const
    const untraced = ['a', {}] as const
    for (const parts of [
      [a, b],
      [b, a],
    ]) {
      assert.deepEqual(await traceOf(parts), { traceparent, tracestate })
    }
    for (const parts of [
      [untraced, b],
      [b, untraced],
    ]) {
      assert.deepEqual(await traceOf(parts), { traceparent: another })
    }
  })

  it('is none where no part came with one, and where the sink does not ask', async () => {
    assert.deepEqual(
      await traceOf([
        ['a', { tracestate }],
        ['b', { other: 'x' }],
      ]),
      {},
    )
    const branched = threeTopics.branch('to', () => 'plain', { plain: {}, traced: { traceContext: true } })
    assert.deepEqual(
      await traceOf(
        [
          ['a', { traceparent }],
          ['b', {}],
        ],
        branched,
      ),
      {},
    )
  })

  it('stands before headers that the sink makes, in records that a map has made and in ones that are written at once', async () => {
    const made = threeTopics.map('id', (_, id) => id).sink('out', { traceContext: true, headers: { kind: 'k' } })
    const parts = [
      ['a', { traceparent }],
      ['b', {}],
      ['c', {}],
    ] as const
    assert.deepEqual(Object.entries(await traceOf(parts, made)), [
      ['traceparent', traceparent],
      ['kind', 'k'],
    ])
    assert.deepEqual(await traceOf(parts.slice(0, 2), pairs.sink('out', { traceContext: true })), { traceparent })
  })

  it('is that of the first part of a list', async () => {
    const lists = topology('lists')
      .source('a')
      .side('A')
      .correlate('by-id', field('id'), { of: ['A'], collect: { A: { count: 3 } } })
    const parts = [{}, { traceparent: another }, { traceparent }].map((headers) => ['a', headers] as const)

    assert.deepEqual(await traceOf(parts, lists.sink('out', { traceContext: true })), { traceparent: another })
  })

  it('is that of the record of which a flatMap has made the part', async () => {
    const flat = topology('flat')
      .source<{ readonly ids: readonly string[] }>('a')
      .flatMap('each', ({ ids }) => ids.map((id) => ({ id })), { partsMax: 4 })
      .side('A')
      .source('b')
      .side('B')
      .correlate('by-id', field('id'), { of: ['A', 'B'] })
      .sink('out', { traceContext: true })
    await using driver = await driveTopology(flat)

    await driver.give([{ ids: ['x', 'y'] }], { topic: 'a', headers: { traceparent } })
    await driver.give([{ ids: ['z'] }], { topic: 'a', headers: {} })
    await driver.give([{ id: 'x' }, { id: 'y' }, { id: 'z' }], { topic: 'b', headers: { traceparent: another } })

    assert.deepEqual(
      driver.merged().map(({ key, headers }) => [key, headers['traceparent']]),
      [
        ['x', traceparent],
        ['y', traceparent],
        ['z', another],
      ],
    )
  })

  it('is known after an epoch that was aborted, and after an answer that was lost', async () => {
    for (const outcome of ['aborted', 'answer lost'] as const) {
      const clock = new VirtualClock()
      await using engine = await Engine.start(traced, clock)
      const give = async (topic: string, headers: Headers) => {
        engine.kafka.give(0, ['{"id":"k"}'], { headers }, topic)
        await clock.advance(10_000)
      }
      await give('b', { traceparent: another })
      engine.kafka.outcomes.push(outcome)
      await give('a', { traceparent, tracestate })

      assert.ok(engine.kafka.calls.includes(outcome))
      const [merged, ...others] = engine.kafka.written
      assert.equal(others.length, 0)
      assert.deepEqual([merged!.headers['traceparent'], merged!.headers['tracestate']], [traceparent, tracestate])
    }
  })
})

describe('a traceparent', () => {
  for (const [what, value] of [
    ['flags that are not known', `00-${traceId}-b7ad6b7169203331-ff`],
    ['a later version', `cc-${traceId}-b7ad6b7169203331-01`],
    ['a later version that has more to say', `01-${traceId}-b7ad6b7169203331-01-what-is-to-come`],
  ] as const) {
    it(`is carried on with ${what}`, async () => {
      assert.deepEqual(await traceOfParent(value), { traceparent: value, tracestate })
    })
  }

  for (const [what, value] of [
    ['nothing', ''],
    ['another text', 'trace'],
    ['version ff', traceparent.replace(/^00/, 'ff')],
    ['capitals', traceparent.toUpperCase()],
    ['a trace of zeros', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['a parent of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['an id that is too short', `00-${traceId.slice(1)}-b7ad6b7169203331-010`],
    ['more than version 00 has', `${traceparent}-01`],
    ['a later version that goes on without a dash', `01-${traceId}-b7ad6b7169203331-01x`],
    ['a space around it', ` ${traceparent}`],
    ['no end', `01-${traceId}-b7ad6b7169203331-01-${'x'.repeat(512)}`],
  ] as const) {
    it(`is none with ${what}, and its tracestate is not looked at`, async () => {
      assert.deepEqual(await traceOfParent(value), {})
    })
  }
})

describe('a tracestate', () => {
  it('is carried on as it came up to 512 bytes, and left out where it is longer, empty or no text', async () => {
    const longest = `a=${'x'.repeat(510)}`
    for (const [state, carried] of [
      [longest, longest],
      [`${longest}x`, undefined],
      ['', undefined],
      ['a=é', undefined],
      ['a=1, ,\tb=2', 'a=1, ,\tb=2'],
    ] as const) {
      const parts = [
        ['a', { traceparent, tracestate: state }],
        ['b', {}],
      ] as const
      assert.deepEqual(await traceOf(parts), { traceparent, ...(carried !== undefined && { tracestate: carried }) })
    }
  })
})
