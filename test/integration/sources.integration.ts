import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { CompressionTypes, Partitioners } from 'kafkajs'
import { customers, customerTopology, mergesOf, valuesOf } from './customers.ts'
import { compileJavaProducer, type JavaProducer } from './java-producer.ts'
import { assertAccount } from './run.ts'
import { onEachBroker, type SourceRecord, type Target, toMessages } from './target.ts'
import { skipWithoutJava } from '../apache-kafka.ts'

const customerCount = 400
/** Written into transactions that are aborted: would complete customers, were it seen. */
const invisible = '{"stage":"A","id":0,"part":"aborted"}'

export function foreignSources(target: Target): void {
  describe("a source written by Java's producer", { skip: skipWithoutJava }, () => {
    let java: JavaProducer
    before(async () => {
      java = await compileJavaProducer()
    })
    after(() => java[Symbol.asyncDispose]())

    for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
      it(`with compression ${compression} gives the right result`, async () => {
        const stream = await target.stream()
        const lines = customers(customerCount).map(({ value }) => String(value))
        await java.produce({
          bootstrapServers: target.bootstrapServers,
          topic: stream.source,
          partitions: 2,
          compression,
          lines,
        })

        const { report } = await stream.run(customerTopology(stream))

        assert.deepEqual(valuesOf(await stream.merged()), mergesOf(customerCount))
        assertAccount(report, { emitted: 2 * customerCount })
      })
    }

    it('in transactions gives the committed records only', async () => {
      const stream = await target.stream()
      const committed = customers(50).map(({ value }) => String(value))
      // Groups of ten lines are transactions; every other one is aborted.
      const aborted = [...Array.from({ length: 9 }, () => invisible), 'abort']
      const groups = Array.from({ length: 10 }, (_, i) => [...committed.slice(10 * i, 10 * i + 10), ...aborted])
      const lines = groups.flat()
      await java.produce({
        bootstrapServers: target.bootstrapServers,
        topic: stream.source,
        partitions: 2,
        compression: 'lz4',
        transactionalId: stream.app,
        lines,
      })
      await stream.whenStable()

      const { report } = await stream.run(customerTopology(stream))

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(50))
      assert.deepEqual(await stream.deadLetters(), [])
      // Per transaction one marker in each partition; aborted records are no records.
      assertAccount(report, { emitted: 100, skipped: 100 + 20 * 2 })
    })
  })

  describe('a source written by kafkajs', () => {
    it('with compression gzip gives the right result', async () => {
      const stream = await target.stream()
      await send(customers(customerCount), { topic: stream.source, compression: CompressionTypes.GZIP })

      const { report } = await stream.run(customerTopology(stream))

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(customerCount))
      assertAccount(report, { emitted: 2 * customerCount })
    })

    it('in transactions that interleave gives the committed records only', async () => {
      const stream = await target.stream()
      const all = customers(40)
      const [first, second] = [all.slice(0, 40), all.slice(40)]
      await using writer = await transactionalProducer(`${stream.app}-commits`)
      await using aborter = await transactionalProducer(`${stream.app}-aborts`)
      const good = await writer.producer.transaction()
      const bad = await aborter.producer.transaction()

      await good.send({ topic: stream.source, messages: toMessages(first) })
      await bad.send({
        topic: stream.source,
        messages: toMessages([{ value: invisible }, { value: 'not json', partition: 1 }]),
      })
      await good.send({ topic: stream.source, messages: toMessages(second) })
      await bad.abort()
      await good.commit()
      await stream.whenStable()
      const { report } = await stream.run(customerTopology(stream))

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(40))
      assert.deepEqual(await stream.deadLetters(), [])
      assertAccount(report, { emitted: 80, skipped: 2 + 2 * 2 })
    })

    it('in a transaction that is open is read up to it, and the rest once it has ended', async () => {
      const stream = await target.stream({ sourcePartitions: 1 })
      const [one, two] = [customers(2).slice(0, 2), customers(2).slice(2)].map((records) =>
        records.map(({ value }): SourceRecord => ({ value })),
      )
      await using writer = await transactionalProducer(`${stream.app}.writer`)
      await stream.produce(one!)
      const open = await writer.producer.transaction()
      await open.send({ topic: stream.source, messages: toMessages(two!) })
      await stream.produce([{ value: 'after it' }])

      const before = await stream.run(customerTopology(stream))
      await open.commit()
      await stream.whenStable()
      const after = await stream.run(customerTopology(stream))

      assertAccount(before.report, { emitted: 2 })
      assertAccount(after.report, { emitted: 4, deadLettered: 1, skipped: 1 })
    })
  })

  async function send(
    records: readonly SourceRecord[],
    to: { topic: string; compression: CompressionTypes },
  ): Promise<void> {
    // What it sends again after a slow answer is not to be there twice.
    const producer = target.kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, idempotent: true })
    await producer.connect()
    await producer.send({ ...to, messages: toMessages(records) })
    await producer.disconnect()
  }

  async function transactionalProducer(transactionalId: string) {
    const producer = target.kafka.producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      transactionalId,
      idempotent: true,
      maxInFlightRequests: 1,
    })
    await producer.connect()
    return { producer, [Symbol.asyncDispose]: () => producer.disconnect() }
  }
}

if (import.meta.main) onEachBroker([foreignSources])
