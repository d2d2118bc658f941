import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import {
  audit,
  compressedJson,
  confluentJson,
  type DecodeFunction,
  type Decoding,
  explain,
  field,
  header,
  stage,
  type Topology,
  topology,
} from '../../src/streams/index.ts'
import { saysOf, valuesOf } from './customers.ts'
import { assertAccount, assertRefused } from './run.ts'
import { onEachBroker, type SourceRecord, type Stream, type Target } from './target.ts'

interface Order {
  readonly id: number
  readonly op: 'c' | 'd'
}

const prefix = Buffer.of(0, 0, 0, 1, 2)
const framed = (value: unknown) => Buffer.concat([prefix, Buffer.from(JSON.stringify(value))])
const count = 20
const all = Array.from({ length: count }, (_, id) => id)

/** Each order comes framed, with the number of its shop in a header; a deleted one, and a tombstone, do not matter. */
const orders: SourceRecord[] = all.flatMap((id) => [
  { value: framed({ id, op: 'c' }), headers: { shop: String(id % 3) }, partition: id % 2, key: `o-${id}` },
  { value: framed({ id, op: 'd' }), headers: { shop: '7' }, partition: id % 2, key: `o-${id}` },
  { value: null, partition: id % 2, key: `o-${id}` },
])
/** Each payment is compressed. */
const payments: SourceRecord[] = all.map((id) => ({ key: `p-${id}`, value: gzipSync(`{"ref":"${id % 3}/${id}"}`) }))
const mergeOf = (id: number) => `{"order":"${id % 3}/${id}","a":{"number":${id}},"b":{"ref":"${id % 3}/${id}"}}`

function program(
  { app, source, sink, otherSources }: Stream,
  decode: Decoding<Order> | DecodeFunction<Order> = confluentJson<Order>(),
  filterId = 'created',
): Topology {
  return topology(app)
    .source(source, { decode })
    .filter(filterId, (order, record) => record.value !== null && order.op === 'c')
    .map('numbered', ({ id }) => ({ number: id }))
    .side('a')
    .source(otherSources['payments']!, { decode: compressedJson('gzip') })
    .side('b')
    .correlate(
      'by-order',
      { a: ({ number }: { number: number }, { headers }) => `${headers.text('shop')}/${number}`, b: field('ref') },
      { of: ['a', 'b'], keyName: 'order' },
    )
    .sink(sink)
}

export function decodedSources(target: Target): void {
  const newStream = (sourceConfig = {}) => target.stream({ otherSources: { payments: 1 }, sourceConfig })

  describe('sources with a decoding, filters and maps', () => {
    it('merge once what is pending at the end of one process and read again by the next', async () => {
      const stream = await newStream()
      const servers = target.bootstrapServers
      await stream.produce([...orders, { value: '{"id":1}', headers: { shop: '1' } }])
      const before = await stream.run(program(stream))
      assertAccount(before.report, { pending: count, filtered: 2 * count, deadLettered: 1 })
      const pending = await explain({
        bootstrapServers: servers,
        app: stream.app,
        key: '2/5',
        topology: program(stream),
      })
      await stream.produce(payments, stream.otherSources['payments'])

      const { report } = await stream.run(program(stream))

      assertAccount(report, { emitted: 2 * count, filtered: 2 * count, deadLettered: 1 })
      assert.deepEqual(valuesOf(await stream.merged()), all.map(mergeOf).sort())
      assert.deepEqual(
        pending.pending?.parts.map(({ side, partition, offset }) => [side, partition, offset]),
        [['a', 1, 6]],
      )
      const [letter] = await stream.deadLetters()
      assert.equal(letter!.value, '{"id":1}')
      assert.equal(saysOf(letter!).reason, 'UNDECODABLE')
      assert.equal((await audit({ bootstrapServers: servers, app: stream.app })).verdict, 'proved')
      await assert.rejects(explain({ bootstrapServers: servers, app: stream.app, key: '2/5' }), {
        code: 'CONFIG_MISSING_VALUE',
        message: /a function filters or maps the records of /,
      })
    })

    it('make the same of promoted parts, with their headers, once the source has dropped them', async () => {
      const stream = await newStream({ 'cleanup.policy': 'compact' })
      await stream.produce(orders.filter(({ value }) => value !== null))
      await stream.run(program(stream))
      await target.setConfigs(stream.source, { 'cleanup.policy': 'delete' })
      const ends = await target.admin.fetchTopicOffsets(stream.source)
      await target.deleteRecords(
        stream.source,
        Object.fromEntries(ends.map(({ partition, high }) => [partition, Number(high)])),
      )
      await stream.produce(payments, stream.otherSources['payments'])

      const { report } = await stream.run(program(stream))

      assertAccount(report, { emitted: 2 * count, filtered: count })
      assert.deepEqual(valuesOf(await stream.merged()), all.map(mergeOf).sort())
    })

    it('promote a part that a map has made of a tombstone', async () => {
      const stream = await newStream({ 'cleanup.policy': 'compact' })
      const restored = topology(stream.app)
        .source(stream.source)
        .map('restored', (_, { key }) => ({ id: key!.toString() }))
        .route('by-type', header('type'), { a: stage(), b: stage() })
        .correlate('by-id', field('id'), { of: ['a', 'b'] })
        .sink(stream.sink)
      await stream.produce([{ value: null, key: 'o-1', headers: { type: 'a' } }])
      await stream.run(restored)
      await target.setConfigs(stream.source, { 'cleanup.policy': 'delete' })
      await target.deleteRecords(stream.source, { 0: 1 })
      await stream.produce([{ value: '{}', key: 'o-1', headers: { type: 'b' } }])

      const { report } = await stream.run(restored)

      assertAccount(report, { emitted: 2 })
      assert.deepEqual(valuesOf(await stream.merged()), ['{"id":"o-1","a":{"id":"o-1"},"b":{"id":"o-1"}}'])
    })

    it('are refused where the program filters or maps otherwise, and taken in again where it decodes otherwise', async () => {
      const stream = await newStream()
      await stream.produce(orders.slice(0, 1))
      await stream.run(program(stream))

      const decoder: DecodeFunction<Order> = () => ({ id: 3, op: 'c' })
      await stream.run(program(stream, decoder))
      await stream.produce(payments.slice(3, 4), stream.otherSources['payments'])
      const { report } = await stream.run(program(stream, decoder))

      assertAccount(report, { emitted: 2 })
      assert.deepEqual(valuesOf(await stream.merged()), ['{"order":"0/3","a":{"number":3},"b":{"ref":"0/3"}}'])
      assert.equal((await audit({ bootstrapServers: target.bootstrapServers, app: stream.app })).verdict, 'proved')
      await assertRefused(program(stream, decoder, 'others'), target.bootstrapServers, {
        code: 'CHECKPOINT_INCOMPATIBLE',
        message: /steps of source ".*" was filter created, map numbered and is filter others, map numbered/,
      })
    })

    it('expire by the time that a field has, also after a restart, and that is what an explanation tells', async () => {
      const stream = await newStream()
      const timed = topology(stream.app)
        .source(stream.source, { timestamp: field('at') })
        .route('by-op', field('op'), { c: stage(), d: stage() })
        .correlate('by-id', field('id'), { of: ['c', 'd'], expireAfterMs: 60_000 })
        .sink(stream.sink)
      const atMs = Date.parse('2026-01-01T00:00:00Z')
      const order = (id: number, op: string, ms: number) => ({ value: JSON.stringify({ id, op, at: atMs + ms }) })
      // Without its own time it would move the time of the others.
      await stream.produce([order(1, 'c', 0), order(2, 'c', 30_000), { value: '{"id":3,"op":"c"}' }])
      const before = await stream.run(timed)
      assertAccount(before.report, { pending: 2, deadLettered: 1 })
      const explained = await explain({ bootstrapServers: target.bootstrapServers, app: stream.app, key: '2' })
      await stream.produce([order(2, 'd', 59_000), order(4, 'c', 61_000)])

      const { report } = await stream.run(timed)

      assert.equal(explained.pending?.expires?.atMs, atMs + 90_000)
      assertAccount(report, { emitted: 2, pending: 1, deadLettered: 1, expired: 1 })
    })

    it('are explained by the checkpoint alone where no function is asked', async () => {
      const stream = await newStream()
      const plain = topology(stream.app)
        .source(stream.source, { decode: confluentJson() })
        .route('by-op', field('op'), { c: stage(), d: stage() })
        .correlate('by-id', field('id'), { of: ['c', 'd'] })
        .sink(stream.sink)
      await stream.produce([orders[0]!, { value: framed({ id: 0, op: 'x' }) }])
      await stream.run(plain)
      await stream.produce([{ value: framed({ id: 0, op: 'd' }) }])

      const explained = await explain({ bootstrapServers: target.bootstrapServers, app: stream.app, key: '0' })

      assert.deepEqual(
        [explained.pending?.parts.length, explained.unread?.length, explained.deadLetters[0]?.letter.reason],
        [1, 1, 'UNKNOWN_STAGE'],
      )
    })
  })
}

if (import.meta.main) onEachBroker([decodedSources])
