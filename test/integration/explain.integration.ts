import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { explain, type Explanation, field, stage, topology, type Topology } from '../../src/streams/index.ts'
import { customers, customerTopology, record } from './customers.ts'
import { assertEndedBy } from './run.ts'
import { onEachBroker, type SourceRecord, type Stream, type Target } from './target.ts'

const timestampMs = 1_790_000_000_000

export function explanations(target: Target): void {
  const explainKey = ({ app }: Stream, key: string, topology?: Topology): Promise<Explanation> =>
    explain({ bootstrapServers: target.bootstrapServers, app, key, ...(topology && { topology }) })

  const runOf = async (records: readonly SourceRecord[]): Promise<Stream> => {
    const stream = await target.stream()
    await stream.produce(records)
    await stream.run(customerTopology(stream))
    return stream
  }

  describe('the explanation of a key', () => {
    it('says of a pending key which part has come from where, and which is missing', async () => {
      const stream = await target.stream()
      await stream.produce([...customers(5), record('B', 6), record('A', 6)])
      await stream.run(customerTopology(stream, { part: ({ id, part: kept }) => (id === 6 ? undefined : kept) }))
      const part = { topic: stream.source, partition: 0, offset: 6, timestampMs, side: 'B' }

      assert.deepEqual(await explainKey(stream, '6'), {
        app: stream.app,
        sources: [stream.source],
        key: '6',
        pending: { parts: [part], missing: ['A'] },
        published: [],
        deadLetters: [],
      })
      assert.equal((await explainKey(stream, '"6"')).pending, undefined)
    })

    it('says by when the missing parts have to come, where parts expire', async () => {
      const stream = await target.stream()
      await stream.produce([record('B', 6)])
      const expiry = { expireAfterMs: 3_600_000, expireBy: 'eventTime' } as const
      await stream.run(customerTopology(stream, undefined, expiry))

      const { pending } = await explainKey(stream, '6')

      assert.deepEqual(pending?.expires, { atMs: timestampMs + 3_600_000, by: 'eventTime' })
    })

    it('says of a merged key where the merge is and where its parts came from', async () => {
      const stream = await runOf([...customers(5).toReversed(), record('A', 3)])
      const merged = (await stream.merged()).find(({ key }) => key === '3')!

      const { pending, published, deadLetters } = await explainKey(stream, '3')

      assert.deepEqual(published, [
        {
          topic: stream.sink,
          partition: merged.partition,
          offset: merged.offset,
          timestampMs,
          // The parts of 4, 2 and 0 are in the other partition.
          parts: [
            { side: 'A', topic: stream.source, partition: 1, offset: 1 },
            { side: 'B', topic: stream.source, partition: 1, offset: 0 },
          ],
          missing: [],
          isExpired: false,
        },
      ])
      assert.deepEqual(deadLetters, [])
      // It has come once more.
      assert.deepEqual(
        pending?.parts.map(({ side, offset }) => [side, offset]),
        [['A', 4]],
      )
    })

    it('says why a record of the key is a dead letter', async () => {
      const stream = await runOf([
        record('A', 8),
        record('A', 8),
        { value: '{"stage":"Z","id":8}' },
        { value: '{"stage":"A","id":8}', partition: 1 },
      ])
      const topic = stream.deadLetterTopic
      const at = (partition: number, offset: number) => [{ topic: stream.source, partition, offset }]

      const { pending, deadLetters } = await explainKey(stream, '8')

      assert.deepEqual(pending?.missing, ['B'])
      assert.deepEqual(
        deadLetters.map(({ letter: { reason, origins }, ...place }) => ({
          reason,
          origins,
          at: [place.topic, place.partition, place.offset],
        })),
        [
          { reason: 'DUPLICATE', origins: at(0, 1), at: [topic, 0, 0] },
          { reason: 'UNKNOWN_STAGE', origins: at(0, 2), at: [topic, 0, 1] },
          { reason: 'PART_MISSING', origins: at(1, 0), at: [topic, 1, 0] },
        ],
      )
    })

    it('says of an expired key where its parts have gone', async () => {
      const stream = await target.stream()
      const expireTo = `${stream.app}.expired`
      await target.admin.createTopics({ topics: [{ topic: expireTo }] })
      await stream.produce([record('B', 6), { ...record('A', 8), timestampMs: timestampMs + 1_001 }])
      await stream.run(customerTopology(stream, undefined, { expireAfterMs: 1_000, expireTo }))
      const { published } = await explainKey(stream, '6')
      await stream.produce([{ ...record('B', 10), timestampMs: timestampMs + 9_999 }])
      await stream.run(customerTopology(stream, undefined, { expireAfterMs: 1_000 }))
      const { deadLetters } = await explainKey(stream, '8')
      await target.admin.deleteTopics({ topics: [expireTo] })

      const parts = [{ side: 'B', topic: stream.source, partition: 0, offset: 0 }]
      const place = { topic: expireTo, partition: 0, offset: 0, timestampMs }
      assert.deepEqual(published, [{ ...place, parts, missing: ['A'], isExpired: true }])
      assert.deepEqual(
        deadLetters.map(({ letter: { reason, origins } }) => [reason, origins]),
        [['EXPIRED', [{ topic: stream.source, partition: 0, offset: 1 }]]],
      )
    })

    it('tells of records that are still to be read, also where the first epoch could not be committed', async () => {
      const stream = await target.stream({ sourcePartitions: 1 })
      const at = (side: string, id: number) => ({ ...record(side, id), partition: 0 })
      const large = (id: number) => ({ value: `{"stage":"A","id":${id},"part":"${'x'.repeat(200_000)}"}` })
      await stream.produce([at('A', 0), ...[1, 2, 3, 4].map(large)])
      await stream.produce([...[5, 6, 7, 8].map(large), at('B', 0)])
      const never = { pendingBytesMax: 1 << 20, epochMs: 60_000, epochIdleMs: 60_000, epochBytes: 64 << 20 }
      const { error } = await stream.run(customerTopology(stream), never)

      assertEndedBy(error, 'TABLE_FULL')
      await assert.rejects(explainKey(stream, '0'), { code: 'CONFIG_MISSING_VALUE', message: /give its topology/ })
      const place = { topic: stream.source, partition: 0, timestampMs }
      assert.deepEqual(await explainKey(stream, '0', customerTopology(stream)), {
        app: stream.app,
        sources: [stream.source],
        key: '0',
        unread: [
          { ...place, offset: 0 },
          { ...place, offset: 9 },
        ],
        published: [],
        deadLetters: [],
      })
    })

    it('says of a key that never came that there is nothing', async () => {
      const stream = await runOf(customers(2))

      assert.deepEqual(await explainKey(stream, 'nobody'), {
        app: stream.app,
        sources: [stream.source],
        key: '"nobody"',
        published: [],
        deadLetters: [],
      })
    })

    it('tells numbers from strings, and takes text that is no JSON for a string, however it is spelled', async () => {
      const spellings = {
        '1': ['1.0', '10e-1'],
        '"1"': ['"1"', String.raw`"\u0031"`],
        '"ü 🙂"': [String.raw`"\u00fc \ud83d\ude42"`, '"ü 🙂"'],
        '9007199254740993': ['9007199254740993', '9007199254740993.0'],
        '"true"': ['"true"', '"true"'],
      }
      const records = Object.values(spellings).flatMap(([a, b]) => [
        { value: `{"stage":"A","id":${a},"part":1}` },
        { value: `{"stage":"B","id":${b},"part":2}` },
      ])
      const stream = await runOf(records)

      for (const [asked, key, firstOffset] of [
        ['1', '1', 0],
        ['1.0', '1', 0],
        ['100e-2', '1', 0],
        ['"1"', '"1"', 2],
        ['ü 🙂', '"ü 🙂"', 4],
        ['"\\u00fc 🙂"', '"ü 🙂"', 4],
        ['9007199254740993', '9007199254740993', 6],
        ['true', '"true"', 8],
      ] as const) {
        const explanation = await explainKey(stream, asked)

        assert.equal(explanation.key, key, asked)
        assert.deepEqual(
          explanation.published.map(({ parts }) => parts.map(({ offset }) => offset)),
          [[firstOffset, firstOffset + 1]],
          asked,
        )
      }
      assert.deepEqual((await explainKey(stream, '9007199254740992')).published, [])
    })

    it('refuses one that no record can have', async () => {
      const stream = await runOf(customers(1))

      await assert.rejects(explainKey(stream, 'x'.repeat(70_000)), { code: 'CONFIG_INVALID_VALUE' })
    })
  })

  describe('the explanation of a key whose stage is chosen by a function', () => {
    it('needs the topology', async () => {
      const stream = await target.stream()
      await stream.produce([{ value: '{"kind":7,"id":1,"part":1}' }])
      const part = field('part')
      const byFunction = (app: string) =>
        topology(app)
          .source(stream.source)
          .route('by-kind', (value) => ((value as { kind: number }).kind > 5 ? 'B' : 'A'), {
            A: stage({ part }),
            B: stage({ part }),
          })
          .correlate('by-id', field('id'), { of: ['A', 'B'] })
          .sink(stream.sink)
      await stream.run(byFunction(stream.app))

      await assert.rejects(explainKey(stream, '1'), { code: 'CONFIG_MISSING_VALUE', message: /give its topology/ })
      await assert.rejects(explainKey(stream, '1', byFunction('other')), { code: 'CONFIG_INVALID_VALUE' })
      const { pending } = await explainKey(stream, '1', byFunction(stream.app))

      assert.deepEqual([pending?.parts[0]?.side, pending?.missing], ['B', ['A']])
    })
  })
}

if (import.meta.main) onEachBroker([explanations])
