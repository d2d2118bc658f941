import assert from 'node:assert/strict'
import { it } from 'node:test'
import { sleep, systemClock } from '../../src/core/clock.ts'
import { type CustomerRecord, customerTopology, mergesOf, record, valuesOf } from './customers.ts'
import { assertAccount } from './run.ts'
import type { Target } from './target.ts'

const sourcePartitions = 8
const waiting = sourcePartitions
const total = 400

/** More partitions than batches that may be on their way, so that reading waits for the stage. */
const spread = (side: string, id: number) => ({ ...record(side, id), partition: id % sourcePartitions })

export function restoration(target: Target): void {
  it('what was read ahead while parts that wait were read again is taken once', async () => {
    const stream = await target.stream({ sourcePartitions })
    const waitingParts = Array.from({ length: waiting }, (_, id) => spread('A', id))
    const part = (value: CustomerRecord) => value.part
    await stream.produce(waitingParts)
    await stream.run(customerTopology(stream, { part }))
    const later = ['A', 'B'].flatMap((side) => Array.from({ length: total }, (_, id) => spread(side, id)))
    for (let i = waiting; i < later.length; i += 50) await stream.produce(later.slice(i, i + 50))

    const slowly = async ({ id, part }: CustomerRecord) => {
      // Slower than the broker answers the next fetch.
      if (id < waiting) await sleep(systemClock, 50)
      return part
    }
    const { report } = await stream.run(customerTopology(stream, { part: slowly }), { partitionFetchBytes: 1_024 })

    assert.deepEqual(valuesOf(await stream.merged()), mergesOf(total))
    assertAccount(report, { emitted: 2 * total })
  })
}
