import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Partitioners } from 'kafkajs'
import { field, type Field, stage, topology } from '../../src/streams/index.ts'
import { customerTopology, valuesOf } from './customers.ts'
import { assertAccount, startProgram } from './run.ts'
import { onEachBroker, type SourceRecord, type Stream, type Target } from './target.ts'

/** Values that are no longer the same once they were parsed and printed again. */
const values = [
  '9223372036854775807',
  '-9223372036854775808',
  '1.0',
  '1e2',
  '-0.0',
  '0.1000',
  '1E400',
  '"\\u0041\\/\\n\\ud83d\\ude00"',
  '"\\ud800"',
  '"grüße 漢字 😀"',
  '""',
  'null',
  'true',
  '[]',
  '{}',
  '[ 1 ,\t{ "b" : [ ] } ]',
  '{"z":1,"a":{"z":[1.50,"\\t"]},"z":2}',
  '{"__proto__":{"a":1},"constructor":null}',
  `"${'long '.repeat(2_000)}"`,
]

/** Keys as the sides A and B spell them, and the one value that both mean. */
const keys: [spelledByA: string, spelledByB: string, canonical: string][] = [
  ['"plain"', '"plain"', 'plain'],
  ['"\\u0041b\\/c"', '"Ab/c"', 'Ab/c'],
  ['"Bb/c"', '"\\u0042b\\/c"', 'Bb/c'],
  ['"gr\\u00fc\\u00dfe \\ud83d\\ude00"', '"grüße 😀"', 'grüße 😀'],
  ['""', '""', ''],
  ['"__proto__"', '"__proto__"', '__proto__'],
  ['"constructor"', '"constructor"', 'constructor'],
  ['1', '1.0', '1'],
  ['"1"', '"\\u0031"', '1'],
  ['2e0', '2', '2'],
  ['9007199254740993', '9007199254740993.0', '9007199254740993'],
  ['9007199254740992', '9007199254740992', '9007199254740992'],
]

export function bytesLeaveAsTheyCame(target: Target): void {
  describe('integers beyond 2^53', () => {
    const big = '9007199254740993'
    const records = [1, 2].flatMap((id) => [
      { value: `{"stage":"A","id":${id},"part":{"account":${big},"n":7}}` },
      { value: `{"stage":"B","id":${id},"part":${big}}` },
    ])
    const part = ({ part: made }: { part: unknown }) => made

    it('that a function is given as numbers are told of once for its stage, by record and digits', async () => {
      const stream = await target.stream()
      await stream.produce(records)
      const warnings: unknown[] = []
      const logger = { debug() {}, info() {}, warn: (facts: object) => warnings.push(facts), error() {} }
      const app = await startProgram(customerTopology(stream, { part }), {
        bootstrapServers: target.bootstrapServers,
        logger,
      })
      await app.caughtUp
      await app.stop()

      assert.deepEqual(warnings, [
        { app: stream.app, operator: 'stage-A', topic: stream.source, partition: 0, offset: 0, written: big },
      ])
    })

    it('reach a function as BigInt where its stage says so, and leave with all digits', async () => {
      const stream = await target.stream()
      await stream.produce(records)
      const seen: unknown[] = []
      const exact = (value: { part: { account: bigint; n: number } }) => {
        seen.push(value.part.account, value.part.n)
        return { ...value.part, next: value.part.account + 1n }
      }

      const { report } = await stream.run(customerTopology(stream, { part: exact as never, bigIntegers: 'bigint' }))

      assert.deepEqual(seen, [9007199254740993n, 7, 9007199254740993n, 7])
      assert.deepEqual(
        valuesOf(await stream.merged()),
        [1, 2].map((id) => `{"id":${id},"A":{"account":${big},"n":7,"next":9007199254740994},"B":${big}}`),
      )
      assertAccount(report, { emitted: 4 })
    })
  })

  describe('parts', () => {
    it('leave byte for byte', async () => {
      const stream = await target.stream()
      const part = (side: string, id: number, value: string) => ({
        value: ` {"stage":"${side}", "id":"k${id}","part": ${value} } `,
      })
      await stream.produce(values.flatMap((value, id) => [part('A', id, value), part('B', id, value)]))

      const { report } = await stream.run(pairs(stream, field('part')))

      const merged = valuesOf(await stream.merged())
      assert.deepEqual(merged, values.map((value, id) => `{"id":"k${id}","A":${value},"B":${value}}`).sort())
      assertAccount(report, { emitted: 2 * values.length })
    })

    it('that are whole records leave with the whitespace around them', async () => {
      const stream = await target.stream()
      const [first, second] = ['\r\n {"stage":"A", "id":1 }\t', '{ "id" :1,"stage":"B"}']
      await stream.produce([{ value: first! }, { value: second! }])

      await stream.run(pairs(stream, undefined))

      const [merged] = await stream.merged()
      assert.equal(merged!.value, `{"id":1,"A":${first},"B":${second}}`)
    })

    it('lie at the end of any path, and under names with dots', async () => {
      const stream = await target.stream()
      await stream.produce([
        { value: '{"stage":"A","id":1,"x":{"y":{"z":1.0}},"x.y":"dotted"}' },
        { value: '{"stage":"B","id":1,"x":{"y":{"z":2e0}},"x.y":"dotted"}' },
      ])

      await stream.run(
        topology(stream.app)
          .source(stream.source)
          .route('by-stage', field('stage'), {
            A: stage({ part: field('x.y.z') }),
            B: stage({ part: field(['x.y']) }),
          })
          .correlate('by-id', field('id'), { of: ['A', 'B'] })
          .sink(stream.sink),
      )

      assert.deepEqual(
        (await stream.merged()).map(({ value }) => value),
        ['{"id":1,"A":1.0,"B":"dotted"}'],
      )
    })
  })

  describe('merge keys', () => {
    for (const [title, arrange] of [
      ['first side first', (a: SourceRecord, b: SourceRecord) => [a, b]],
      ['first side last', (a: SourceRecord, b: SourceRecord) => [b, a]],
    ] as const) {
      it(`compare as values and leave as the first declared side spells them, ${title}`, async () => {
        const stream = await target.stream()
        const part = (side: string, key: string): SourceRecord => ({
          value: `{"stage":"${side}","id":${key},"part":0}`,
        })
        await stream.produce(keys.flatMap(([a, b]) => arrange(part('A', a), part('B', b))))

        const { report } = await stream.run(pairs(stream, field('part')))

        const merged = (await stream.merged()).map(({ key, value }) => `${key} ${value}`).sort()
        assert.deepEqual(merged, keys.map(([a, , canonical]) => `${canonical} {"id":${a},"A":0,"B":0}`).sort())
        assertAccount(report, { emitted: 2 * keys.length })
      })
    }

    it("choose the partition that Java's default partitioner would", async () => {
      const stream = await target.stream()
      const ids = Array.from({ length: 60 }, (_, i) => `customer-${i}-${'ü'.repeat(i % 5)}`)
      await stream.produce(
        ids.flatMap((id) => ['A', 'B'].map((side) => ({ value: `{"stage":"${side}","id":"${id}","part":0}` }))),
      )

      await stream.run(pairs(stream, field('part')))

      const partitioner = Partitioners.JavaCompatiblePartitioner()
      const partitionMetadata = [0, 1, 2].map((partitionId) => ({
        partitionErrorCode: 0,
        partitionId,
        leader: 1,
        replicas: [1],
        isr: [1],
      }))
      const merged = await stream.merged()
      assert.equal(merged.length, ids.length)
      for (const { key, partition } of merged) {
        const message = { key: Buffer.from(key!), value: null }
        assert.equal(partition, partitioner({ topic: stream.sink, partitionMetadata, message }), key!)
      }
      assert.equal(new Set(merged.map(({ partition }) => partition)).size, 3)
    })
  })

  describe('the timestamp of a merge', () => {
    it("is the greatest of its parts'", async () => {
      const stream = await target.stream()
      const part = (side: string, id: number, timestampMs: number) => ({
        value: `{"stage":"${side}","id":${id},"part":0}`,
        timestampMs,
      })
      await stream.produce([part('A', 1, 5_000), part('B', 1, 7_000), part('A', 2, 9_000), part('B', 2, 8_000)])

      await stream.run(pairs(stream, field('part')))

      const merged = (await stream.merged()).map(({ key, timestampMs }) => `${key} at ${timestampMs}`)
      assert.deepEqual(merged.sort(), ['1 at 7000', '2 at 9000'])
    })
  })
}

/** Sides A and B, correlated by `id`. */
function pairs({ app, source, sink }: Stream, part: Field | undefined) {
  const side = part === undefined ? stage() : stage({ part })
  return topology(app)
    .source(source)
    .route('by-stage', field('stage'), { A: side, B: side })
    .correlate('by-id', field('id'), { of: ['A', 'B'] })
    .sink(sink)
}

if (import.meta.main) onEachBroker([bytesLeaveAsTheyCame])
