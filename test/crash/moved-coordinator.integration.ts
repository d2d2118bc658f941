import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { type Broker, startBroker } from '../../src/broker/index.ts'
import { customers, customerTopology, mergesOf, valuesOf } from '../integration/customers.ts'
import { assertAccount, assertProved, committed, startQuietly } from '../integration/run.ts'
import { createStream } from '../integration/target.ts'
import { suiteStack } from '../at-end.ts'

const customerCount = 300

export function movedCoordinators(): void {
  describe('a coordinator that moves to another broker', () => {
    let broker: Broker
    let kafka: Kafka
    let admin: Admin
    const stack = suiteStack()
    before(async () => {
      broker = stack.use(await startBroker({ brokers: 3 }))
      kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING })
      admin = kafka.admin()
      await admin.connect()
      stack.defer(() => admin.disconnect())
    })

    for (const moved of ['group', 'transactions', 'both'] as const) {
      it(`is followed by the running program, which rolls nothing back (${moved})`, async () => {
        const stream = await createStream({ bootstrapServers: broker.bootstrapServers, kafka, admin })
        const app = await startQuietly(customerTopology(stream), broker.bootstrapServers)
        const records = customers(customerCount)

        for (const to of [1, 2, 3]) {
          const arrived = 2 * customerCount * (to / 3)
          const sent = stream.produce(records.slice(arrived - (2 * customerCount) / 3, arrived))
          if (moved !== 'transactions') await broker.moveCoordinator({ groupId: stream.app, to })
          if (moved !== 'group') await broker.moveCoordinator({ transactionalId: stream.app, to })
          await sent
          await committed(app, arrived)
        }
        await app.stop()

        assertAccount(app.report(), { emitted: 2 * customerCount })
        assert.equal(app.report().statistics.rollbacks, 0)
        // Reading asks the first broker alone.
        for (const partition of [0, 1, 2]) await broker.moveLeader({ topic: stream.sink, partition, to: 1 })
        assert.deepEqual(valuesOf(await stream.merged()), mergesOf(customerCount))
        await assertProved(broker, stream)
      })
    }
  })
}

if (import.meta.main) movedCoordinators()
