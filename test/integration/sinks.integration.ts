import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { audit, explain, field, stage, topology } from '../../src/streams/index.ts'
import { customers, mergeOf, record } from './customers.ts'
import { assertAccount, assertRefused } from './run.ts'
import { onEachBroker, type Stream, type Target } from './target.ts'

interface Part {
  readonly of: string
}

const otherSources = { even: 2, unpaid: 1 }

/** The customers, with a branch for even and odd ones; every tenth is left out. */
function branching({ app, source, sink, otherSources: { even, unpaid } }: Stream) {
  const part = stage<unknown, Part>({ part: field('part') })
  return topology(app)
    .source(source)
    .route('by-stage', field('stage'), { A: part, B: part })
    .correlate('by-id', field('id'), {
      of: ['A', 'B'],
      expireAfterMs: 1_000,
      expireTo: { B: unpaid! },
    })
    .branch('parity', (_, id) => (Number(id) % 10 === 9 ? undefined : Number(id) % 2 === 0 ? 'even' : 'odd'), {
      even: {
        topic: even!,
        key: ({ A }) => `key of ${A.of}`,
        headers: ({ B }) => ({ b: B.of }),
        partition: () => 1,
        compression: 'gzip',
      },
      odd: { topic: sink, timestamp: 'least', compression: 'lz4' },
    })
}

export function sinks(target: Target): void {
  describe('several sinks', () => {
    it('get each record in the transaction of its epoch, and an audit and an explanation find them', async () => {
      const stream = await target.stream({ otherSources })
      await stream.produce(customers(40))
      const program = branching(stream)
      await stream.run(program)
      // Two rows that lack one side each, and what tells that their time is over.
      await stream.produce([record('A', 50), record('B', 51)])
      await stream.produce([{ ...record('A', 52), timestampMs: 1_790_000_100_000 }])
      await stream.produce([{ ...record('A', 53), timestampMs: 1_790_000_100_000 }])

      const { report } = await stream.run(program)

      const ids = Array.from({ length: 40 }, (_, id) => id)
      const byId = (a: readonly unknown[], b: readonly unknown[]) => String(a[0]).localeCompare(String(b[0]))
      const even = await stream.read(stream.otherSources['even']!)
      assert.deepEqual(
        even
          .map(({ value, key, partition, headers }) => [value, key, partition, ...named(headers, 'b', 'millrace.key')])
          .sort(byId),
        ids
          .filter((id) => id % 2 === 0)
          .map((id) => [mergeOf(id), `key of A${id}`, 1, `B${id}`, String(id)])
          .sort(byId),
      )
      assert.deepEqual(
        (await stream.merged()).map(({ value, key }) => [value, key]).sort(byId),
        ids
          .filter((id) => id % 2 === 1 && id % 10 !== 9)
          .map((id) => [mergeOf(id), String(id)])
          .sort(byId),
      )
      assert.deepEqual(
        (await stream.read(stream.otherSources['unpaid']!)).map(({ key, headers }) => [
          key,
          ...named(headers, 'millrace.missing'),
        ]),
        [['50', '["B"]']],
      )
      assert.deepEqual(
        (await stream.deadLetters()).map(({ key, headers }) => [
          key,
          ...named(headers, 'millrace.reason', 'millrace.missing'),
        ]),
        [['51', 'EXPIRED', '["A"]']],
      )
      assertAccount(report, { emitted: 72, filtered: 8, expired: 2, pending: 2 })
      const { verdict } = await audit({ bootstrapServers: target.bootstrapServers, app: stream.app })
      assert.equal(verdict, 'proved')
      for (const [key, topic] of [
        ['4', stream.otherSources['even']!],
        ['5', stream.sink],
      ] as const) {
        const { published } = await explain({ bootstrapServers: target.bootstrapServers, app: stream.app, key })
        assert.deepEqual(
          published.map((found) => [found.topic, found.parts.length]),
          [[topic, 2]],
        )
      }
    })

    it('are all there at the start, or the program is refused', async () => {
      const stream = await target.stream({ otherSources })
      await target.deleteTopic(stream.otherSources['even']!)

      await assertRefused(branching(stream), target.bootstrapServers, { code: 'KAFKA_TOPIC_MISSING' })
    })

    it('are refused where one of them takes no records of its use', async () => {
      const stream = await target.stream({ otherSources })
      await target.setConfigs(stream.otherSources['even']!, { 'max.message.bytes': '100' })

      await assertRefused(branching(stream), target.bootstrapServers, {
        code: 'OUTPUT_TOPIC_INVALID',
        message: /for merged records has max\.message\.bytes=100/,
      })
    })
  })
}

/** The values of headers. */
function named(headers: readonly (readonly [string, string])[], ...names: string[]): (string | undefined)[] {
  const all = new Map(headers)
  return names.map((name) => all.get(name))
}

if (import.meta.main) onEachBroker([sinks])
