import { initProducerId } from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { startBroker } from '../../src/broker/index.ts'
import { WireClient } from '../contract/wire-client.ts'
import { partitionCount, Session } from './session.ts'
import { skipWithoutJava, startQuickKafka } from '../apache-kafka.ts'

/** The last epoch that a producer is given; the next end gives it another producer id. */
const lastEpoch = 32_766
/** Transactions in one life of the program; 70,000 go through two rotations. */
const transactionCount = Number(process.env['MILLRACE_RUNS'] ?? 20)

for (const transactionVersion of [1, 2] as const) {
  void describe(`transactions of version ${transactionVersion} on the embedded broker`, () => {
    const open = async (t: TestContext) => {
      const broker = await startBroker({ brokers: 2 })
      const session = await Session.open({ bootstrapServers: broker.bootstrapServers, transactionVersion })
      t.after(async () => {
        await session[Symbol.asyncDispose]()
        await broker.stop()
      })
      await session.producer.begin()
      await session.transact()
      const verify = async () => {
        // The reader asks one broker for everything.
        for (let partition = 0; partition < partitionCount; partition++) {
          await broker.moveLeader({ topic: session.topic.name, partition, to: 1 })
        }
        await session.verify()
      }
      return { broker, session, verify }
    }

    for (const kind of ['group', 'transaction'] as const) {
      void it(`follow the coordinator of the ${kind} when it moves in the middle of one`, async (t) => {
        const { broker, session, verify } = await open(t)
        await session.send()

        const { group: groupId, transactionalId } = session
        await broker.moveCoordinator({ ...(kind === 'group' ? { groupId } : { transactionalId }), to: 2 })

        assert.equal(await session.commit(), 'committed')
        assert.equal(await session.transact(), 'committed')
        await verify()
      })
    }

    void it('follow the leaders when they move in the middle of one', async (t) => {
      const { broker, session, verify } = await open(t)
      const stored = session.send()

      for (const [partition, { leader }] of session.topic.partitions.entries()) {
        await broker.moveLeader({ topic: session.topic.name, partition, to: 3 - leader })
      }

      assert.equal(await session.commit(), 'committed')
      await stored
      assert.equal(await session.transact(), 'committed')
      await verify()
    })

    void it('survive that the brokers go away in the middle of one and come back', async (t) => {
      const { broker, session, verify } = await open(t)
      const stored = session.send()
      const committing = session.commit()

      await broker.suspend()
      await broker.resume()

      const result = await committing
      if (result === 'committed') await stored
      else assert.deepEqual([transactionVersion, result], [1, 'unknown'])
      assert.equal(await session.transact(), 'committed')
      await verify()
    })
  })
}

for (const transactionVersion of [1, 2] as const) {
  void describe(`transactions of version ${transactionVersion} on Apache Kafka`, { skip: skipWithoutJava }, () => {
    void it('survive that the broker is killed in the middle of one and started again', async () => {
      await using kafka = await startQuickKafka()
      await using session = await Session.open({ bootstrapServers: kafka.bootstrapServers, transactionVersion })
      await session.producer.begin()
      await session.transact()
      void session.send()
      const committing = session.commit()

      await kafka.kill()
      await kafka.restart()

      const result = await committing
      assert.ok(result === 'committed' || (transactionVersion === 1 && result === 'unknown'), result)
      assert.equal(await session.transact(), 'committed')
      await session.verify()
    })
  })
}

void describe('a producer of version 2', () => {
  void it('goes on under another producer id when its epochs are used up', { timeout: 3_600_000 }, async () => {
    await using broker = await startBroker()
    const { bootstrapServers } = broker
    await using session = await Session.open({ bootstrapServers, transactionVersion: 2, batchesPerPartition: 1 })
    await session.producer.begin()
    await raiseEpoch(bootstrapServers, session.transactionalId, lastEpoch - 10)
    await session.producer.begin()

    for (let i = 0; i < transactionCount; i++) {
      assert.equal(await session.transact(), 'committed')
    }

    await session.verify()
  })
})

/** Takes a transactional id over again and again, until its epoch is as wanted. */
async function raiseEpoch(bootstrapServers: string, transactionalId: string, wanted: number): Promise<void> {
  await using client = await WireClient.connect(bootstrapServers)
  const request = { transactionalId, transactionTimeoutMs: 60_000 }
  for (let epoch = 0; epoch < wanted;) {
    const grants = Array.from({ length: Math.min(500, wanted - epoch) }, () => client.call(initProducerId, 4, request))
    for (const { producerEpoch } of await Promise.all(grants)) epoch = producerEpoch
  }
}
