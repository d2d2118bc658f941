import assert from 'node:assert/strict'
import { it } from 'node:test'
import { sleep, systemClock } from '../../src/core/clock.ts'
import { type CustomerRecord, customerTopology, mergesOf, record, valuesOf } from './customers.ts'
import { assertAccount, assertEndedBy, startQuietly } from './run.ts'
import { onEachBroker, type Target } from './target.ts'

const sourcePartitions = 8
const pending = sourcePartitions
const total = 400

/** More partitions than batches that may be on their way, so that reading waits for the stage. */
const spread = (side: string, id: number) => ({ ...record(side, id), partition: id % sourcePartitions })

export function restoration(target: Target): void {
  it('records that are read ahead during a restoration are taken once', async () => {
    const stream = await target.stream({ sourcePartitions })
    const pendingParts = Array.from({ length: pending }, (_, id) => spread('A', id))
    const part = (value: CustomerRecord) => value.part
    await stream.produce(pendingParts)
    await stream.run(customerTopology(stream, { part }))
    const later = ['A', 'B'].flatMap((side) => Array.from({ length: total }, (_, id) => spread(side, id)))
    for (let i = pending; i < later.length; i += 50) await stream.produce(later.slice(i, i + 50))

    const slowly = async ({ id, part }: CustomerRecord) => {
      // Slower than the broker answers the next fetch.
      if (id < pending) await sleep(systemClock, 50)
      return part
    }
    const { report } = await stream.run(customerTopology(stream, { part: slowly }), { partitionFetchBytes: 1_024 })

    assert.deepEqual(valuesOf(await stream.merged()), mergesOf(total))
    assertAccount(report, { emitted: 2 * total })
  })

  it('parts that are read again are told of as pending, and the program has caught up once they are in the table', async () => {
    const stream = await target.stream()
    await stream.produce([record('A', 0), record('A', 1)])
    let gate = Promise.resolve()
    let called = Promise.withResolvers<void>()
    const part = async (value: CustomerRecord) => {
      called.resolve()
      await gate
      return value.part
    }
    await stream.run(customerTopology(stream, { part }))
    const opened = Promise.withResolvers<void>()
    gate = opened.promise
    called = Promise.withResolvers()

    const app = await startQuietly(customerTopology(stream, { part }), target.bootstrapServers)
    let hasCaughtUp = false
    void app.caughtUp.then(() => (hasCaughtUp = true))
    await called.promise
    await new Promise(setImmediate)
    const before = hasCaughtUp
    const report = app.report()
    opened.resolve()
    await app.caughtUp
    const caughtUp = app.report()
    await app.stop()

    assert.equal(before, false)
    assertAccount(report, { pending: 2 })
    assertAccount(caughtUp, { pending: 2 })
    assert.deepEqual([report.pendingRows, caughtUp.pendingRows], [0, 2])
    assertAccount(app.report(), { pending: 2 })
  })

  it('a program has not caught up when its pending parts cannot be read again', async () => {
    const stream = await target.stream()
    await stream.produce([record('A', 0), record('A', 1)])
    await stream.run(customerTopology(stream, { part: (value) => value.part }))

    const { error } = await stream.run(customerTopology(stream, { part: () => undefined }))

    assertEndedBy(error, 'CHECKPOINT_CORRUPT')
  })

  it('no epoch ends while pending parts are read again, however long that takes', async () => {
    const stream = await target.stream({ sourcePartitions })
    // None has expired, but the time of day is looked at every 10 ms.
    const expiring = { expireAfterMs: 80, expireBy: 'processingTime' } as const
    const timestampMs = systemClock.nowMs() + 1_800_000
    const part = (value: CustomerRecord) => value.part
    await stream.produce(Array.from({ length: total }, (_, id) => ({ ...spread('A', id), timestampMs })))
    await stream.run(customerTopology(stream, { part }, expiring))

    const slowly = async ({ id, part }: CustomerRecord) => {
      if (id === total - 1) await sleep(systemClock, 300)
      return part
    }
    await stream.produce(Array.from({ length: total }, (_, id) => ({ ...spread('B', id), timestampMs })))
    const { report, error } = await stream.run(customerTopology(stream, { part: slowly }, expiring))

    assert.equal(error, undefined)
    assert.deepEqual(valuesOf(await stream.merged()), mergesOf(total))
    assertAccount(report, { emitted: 2 * total })
  })
}

if (import.meta.main) onEachBroker([restoration])
