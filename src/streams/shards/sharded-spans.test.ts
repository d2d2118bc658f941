import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { MortalThreads } from '../../../test/mortal-threads.ts'
import { until } from '../../../test/until.ts'
import { systemClock } from '../../core/clock.ts'
import { nextInt, seededRandom } from '../../core/random.ts'
import { order } from '../fixtures/orders.ts'
import { recordingTracer } from '../fixtures/recording-tracer.ts'
import { settled } from '../fixtures/settled.ts'
import { Engine } from '../in-memory/engine.ts'
import { field } from '../topology/field.ts'
import { stage } from '../topology/stage.ts'
import { topology, type Topology } from '../topology/topology.ts'
import { on, orders, patient } from './fixtures/two-starts.ts'

const part = stage({ part: field('part') })
const source = topology('orders').source('source')
const routed = source.route('by-side', field('side'), { A: part, B: part })
const merged = routed.correlate('by-key', field('key'), { of: ['A', 'B'] })

/** By what is special about who publishes their merges, or makes their rows ready. */
const programs: Readonly<Record<string, Topology>> = {
  'a table that writes them itself': merged.sink('sink'),
  'a sink with a timestamp of its own': merged.sink('sink', { timestamp: 'least' }),
  'a sink whose records carry their spans on': merged.sink('sink', { traceContext: true }),
  'functions after the merge, one of which refuses some': merged
    .filter('good', (_, key) => {
      if (Number(key) % 10 === 3) throw new Error(`nobody wants ${String(key)}`)
      return Number(key) % 10 !== 4
    })
    .sink('sink'),
  'lists, and functions after their merge': routed
    .correlate('by-key', field('key'), { of: ['A', 'B'], collect: { B: { count: 2 } } })
    .map('named', (value, key) => ({ key, value }))
    .sink('sink', { traceContext: true }),
  lists: routed.correlate('by-key', field('key'), { of: ['A', 'B'], collect: { B: { count: 2 } } }).sink('sink'),
  'a flatMap before': source
    .flatMap('itself', (value) => [value], { partsMax: 2 })
    .route('by-side', field('side'), { A: part, B: part })
    .correlate('by-key', field('key'), { of: ['A', 'B'] })
    .sink('sink'),
}
const traceRatio = 0.5
const keys = 200

describe('B17 the spans of merges of shards', () => {
  for (const [at, [what, own]] of Object.entries(programs).entries()) {
    it(`are those without shards, each once, also where threads end: ${what}`, async (t) => {
      const seed = Number(process.env['MILLRACE_SEED'] ?? 20_261_201)
      t.diagnostic(`MILLRACE_SEED=${seed} repeats it`)
      const expected = await told(own, 0, seed)

      assert.ok(expected.spans.length > keys / 4 && expected.spans.length < keys, 'some traces are followed')
      assert.deepEqual(await told(own, 2 + (at % 2), seed), expected)
    })
  }

  for (const what of ['a table that writes them itself', 'functions after the merge, one of which refuses some']) {
    it(`are not told of merges that are taken back: ${what}`, async () => {
      using threads = new MortalThreads(seededRandom(1))
      const recording = recordingTracer()
      const options = {
        ...patient,
        ...on(2),
        epochMs: 1_000,
        epochIdleMs: 1_000,
        tracer: recording.tracer,
        traceRatio: 1,
      }
      await using engine = await Engine.start(programs[what]!, systemClock, options)
      const headers = { traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` }
      engine.kafka.give(
        0,
        ['A', 'B'].flatMap((side) => orders(side, 0, keys)),
        { headers },
      )

      await until('spans have begun', () => recording.begunCount > 0)
      await threads.endAll()
      await settled(engine)

      const merges = engine.kafka.written.filter((each) => engine.kindOf(each) === 'merged').length
      assert.ok(recording.begunCount > merges, 'some were taken back')
      assert.equal(recording.told.length, merges)
    })
  }
})

/** What a program tells of its merges, with so many shards, and what its records carry on. */
async function told(own: Topology, shards: number, seed: number) {
  const random = seededRandom(seed)
  using threads = new MortalThreads(random)
  const { tracer, told: spans } = recordingTracer()
  await using engine = await Engine.start(own, systemClock, { ...patient, ...on(shards), tracer, traceRatio })
  for (const side of ['B', 'B', 'A']) {
    for (let key = 0; key < keys; key++) {
      // Pending rows are read again, and what merges have changed is taken back.
      if (key === keys / 2) await threads.endAll()
      // Some records have none, and some have more.
      const traceparent = `00-${digits(random, 32)}-${digits(random, 16)}-01`
      const headers = key % 7 === 6 ? {} : { other: 'header', traceparent, ...(key % 5 === 0 && { tracestate: 'a=b' }) }
      engine.kafka.give(side === 'B' ? 0 : 1, [order(side, key)], { headers, timestampMs: 1_000 * (key + 1) })
    }
    await settled(engine)
  }
  const carried = engine.kafka.written.map(({ key, value, headers }) => [
    key,
    value,
    headers['traceparent']?.slice(0, 36),
  ])
  return { spans: spans.map(shapeOf).toSorted(), carried: carried.map((each) => JSON.stringify(each)).toSorted() }
}

/** Of a span what does not depend on time. */
function shapeOf({ parentSpanContext, links, events, attributes }: ReadableSpan): string {
  const shape = {
    parent: [parentSpanContext?.traceId, parentSpanContext?.spanId, parentSpanContext?.traceState?.serialize()],
    links: links.map(({ context, attributes: of }) => [context.traceId, context.spanId, of]),
    events: events.map(({ name, attributes: of }) => [name, of]),
    attributes: { ...attributes, 'millrace.epoch': undefined },
  }
  return JSON.stringify(shape)
}

function digits(random: ReturnType<typeof seededRandom>, count: number): string {
  return Array.from({ length: count }, () => nextInt(random, 16).toString(16)).join('')
}
