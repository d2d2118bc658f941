import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startBroker } from '../../broker/index.ts'
import { Cluster, sendBatches, topicRange } from '../../kafka/index.ts'
import { noHeaders, recordBatchOf } from '../../kernel/index.ts'
import { CheckpointView, readAll } from './checkpoint-view.ts'

/** What is written to the topic between two readings: keys and values; one without a value deletes. */
const writings: readonly (readonly [key: string, value?: string])[][] = [
  [
    ['delta/0/1/0', 'a'],
    ['table/t/a', '1'],
    ['table/t/b', '1'],
    ['table/t/a', '2'],
    ['manifest', '1'],
  ],
  // The manifest of the third epoch comes later.
  [
    ['delta/0/2/0', 'b'],
    ['table/t/b'],
    ['table/t/b/c', '3'],
    ['attempt', 'x'],
    ['manifest', '2'],
    ['delta/0/3/0', 'c'],
    ['table/t/a'],
    ['table/u/\u00ff', ''],
  ],
  [['manifest', '3']],
  [],
  [['delta/0/1/0'], ['delta/0/2/0'], ['base/0/0', 'd'], ['manifest', '4']],
]

function batchOf([key, value]: readonly [key: string, value?: string]) {
  const record = { key: Buffer.from(key), value: value === undefined ? undefined : Buffer.from(value), ...noHeaders }
  return { partition: 0, bytes: recordBatchOf(0, 0, record) }
}

describe('CheckpointView', () => {
  it('reads what is new, and says what one says that reads all', async () => {
    await using broker = await startBroker({ topics: [{ name: 'checkpoint', partitions: 1 }] })
    const cluster = new Cluster({ bootstrapServers: broker.bootstrapServers })
    const topic = await cluster.topicWhenReady('checkpoint')
    const view = new CheckpointView()

    const counts: number[] = []
    const keys: string[][] = []
    const rows: unknown[] = []
    const rowsIn = ({ tables }: CheckpointView) =>
      ['t', 'u'].map((table) =>
        Array.from(tables.rowsOf(table), ([key, value]) => `${key}=${Buffer.from(value).toString()}`).sort(),
      )
    for (const records of writings) {
      await sendBatches(cluster, topic, records.map(batchOf), () => {})
      counts.push(await view.readOn(cluster, topic, await topicRange(cluster, topic)))
      keys.push([...view.records.keys()].sort())
      rows.push(rowsIn(view))
      const whole = await readAll(cluster, topic)
      assert.deepEqual(new Map(view.records), new Map(whole.records))
      assert.deepEqual(rowsIn(view), rowsIn(whole))
    }
    await cluster.close()

    assert.deepEqual(counts, [5, 8, 1, 0, 4])
    assert.deepEqual(rows, [
      [['a=2', 'b=1'], []],
      [['a=2', 'b/c=3'], []],
      [['b/c=3'], ['\u00ff=']],
      [['b/c=3'], ['\u00ff=']],
      [['b/c=3'], ['\u00ff=']],
    ])
    assert.deepEqual(keys, [
      ['delta/0/1/0', 'manifest'],
      ['attempt', 'delta/0/1/0', 'delta/0/2/0', 'manifest'],
      ['attempt', 'delta/0/1/0', 'delta/0/2/0', 'delta/0/3/0', 'manifest'],
      ['attempt', 'delta/0/1/0', 'delta/0/2/0', 'delta/0/3/0', 'manifest'],
      ['attempt', 'base/0/0', 'delta/0/3/0', 'manifest'],
    ])
  })
})
