import assert from 'node:assert/strict'
import { mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { type Admin, Kafka as KafkaClient, logLevel } from 'kafkajs'
import { MillraceError } from '../../src/core/errors.ts'
import type { Kafka } from '../../tools/kafka/start.ts'
import { customerTopology, mergesOf, record, valuesOf } from './customers.ts'
import { assertAccount, assertEndedBy, startQuietly } from './run.ts'
import { createStream, type Stream } from './target.ts'
import { skipWithoutJava, startQuickKafka } from '../apache-kafka.ts'
import { suiteStack } from '../at-end.ts'

const customerCount = 6_000

describe('a program on an Apache Kafka', { skip: skipWithoutJava }, () => {
  let dataDir: string
  let broker: Kafka
  let kafka: KafkaClient
  let admin: Admin
  const stack = suiteStack()
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'millrace-recovery-'))
    stack.defer(() => rm(dataDir, { recursive: true }))
    broker = stack.use(await startQuickKafka({ dataDir }))
    kafka = new KafkaClient({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING, retry: { retries: 20 } })
    admin = kafka.admin()
    await admin.connect()
    stack.defer(() => admin.disconnect())
  })

  const stream = () => createStream({ bootstrapServers: broker.bootstrapServers, kafka, admin })

  it('that is killed and started again goes on, and ends complete', async () => {
    const topics = await stream()
    await produceInSteps(topics)
    const isHalfway = Promise.withResolvers<void>()
    let seen = 0
    const part = async (value: { part: unknown }) => {
      if (++seen === customerCount / 2) isHalfway.resolve()
      // Slow enough that the broker dies in the middle.
      await new Promise(setImmediate)
      return value.part
    }
    const app = await startQuietly(customerTopology(topics, { part }), broker.bootstrapServers, {
      partitionFetchBytes: 4_096,
    })

    await isHalfway.promise
    await broker.kill()
    assert.ok(app.progress().consumed < 2 * customerCount, 'the broker died too late to be missed')
    await broker.restart()
    await app.caughtUp
    await app.stop()

    await assertComplete(topics, app.report())
  })

  it('that hands out a damaged batch is rolled back to the last epoch until the batch is whole again', async () => {
    const topics = await stream()
    await produceInSteps(topics)
    const mend = await damage(topics.source)
    const crashes: unknown[] = []
    const crashed = Promise.withResolvers<void>()
    const app = await startQuietly(customerTopology(topics), broker.bootstrapServers, {
      // One batch in a response, outputs sent at once, and no epoch ended before the damage is met.
      partitionFetchBytes: 16_384,
      batchBytes: 1_024,
      epochMs: 3_000,
      epochIdleMs: 3_000,
      onCrash(error) {
        crashes.push(error)
        crashed.resolve()
      },
    })

    await crashed.promise
    await mend()
    await app.caughtUp
    await app.stop()

    assert.ok(crashes.every((error) => MillraceError.is(error) && error.code === 'KAFKA_BATCH_CORRUPT'))
    const report = app.report()
    assert.ok(report.statistics.rollbacks > 0)
    await assertComplete(topics, report)
  })

  it('that keeps handing out a damaged batch ends by the name of the batch, with an account that adds up', async () => {
    const topics = await stream()
    await produceInSteps(topics)
    await damage(topics.source)

    const { error, report } = await topics.run(customerTopology(topics))

    assertEndedBy(error, 'KAFKA_BATCH_CORRUPT')
    assert.equal(report.isBalanced, true)
    assert.ok(report.statistics.rollbacks > 0)
  })

  /** Many requests, so many batches; one side first, so that the table holds much. */
  async function produceInSteps(topics: Stream): Promise<void> {
    const records = ['B', 'A'].flatMap((side) => Array.from({ length: customerCount }, (_, id) => record(side, id)))
    for (let i = 0; i < records.length; i += 1_000) await topics.produce(records.slice(i, i + 1_000))
  }

  async function assertComplete(topics: Stream, report: Parameters<typeof assertAccount>[0]): Promise<void> {
    assert.deepEqual(valuesOf(await topics.merged()), mergesOf(customerCount))
    assertAccount(report, { emitted: 2 * customerCount })
  }

  /** Turns one bit in the last batch of partition 0 where the broker keeps it; what is returned turns it back. */
  async function damage(topic: string): Promise<() => Promise<void>> {
    const folder = join(dataDir, 'log', `${topic}-0`)
    const segment = (await readdir(folder)).find((name) => name.endsWith('.log'))!
    const turn = async () => {
      const file = await open(join(folder, segment), 'r+')
      const { size } = await file.stat()
      const byte = Buffer.alloc(1)
      await file.read(byte, 0, 1, size - 10)
      byte[0]! ^= 1
      await file.write(byte, 0, 1, size - 10)
      await file.close()
    }
    await turn()
    return turn
  }
})
