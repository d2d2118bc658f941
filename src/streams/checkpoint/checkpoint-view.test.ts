import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startBroker } from '../../broker/index.ts'
import { Cluster, sendBatches, topicRange } from '../../kafka/index.ts'
import { noHeaders, recordBatchOf } from '../../kernel/index.ts'
import { ofPartitions } from '../topics/topic-ranges.ts'
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

function batchOf([key, value]: readonly [key: string, value?: string], partition = 0) {
  const record = { key: Buffer.from(key), value: value === undefined ? undefined : Buffer.from(value), ...noHeaders }
  return { partition, bytes: recordBatchOf(0, 0, record) }
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
      await sendBatches(
        cluster,
        topic,
        records.map((record) => batchOf(record)),
        () => {},
      )
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

  it('forgets what it has read of tasks that have left, and takes over what another one has read of those that come', async () => {
    await using broker = await startBroker({ topics: [{ name: 'tasks', partitions: 3 }] })
    const cluster = new Cluster({ bootstrapServers: broker.bootstrapServers })
    const topic = await cluster.topicWhenReady('tasks')
    const written = [0, 1, 2].flatMap((task) =>
      [
        [`delta/${task}/1/0`, 'a'] as const,
        [`part/${task}/${7 * task}`, 'p'] as const,
        ['attempt', 'x'] as const,
        ['manifest', '1'] as const,
        // Of an epoch whose manifest has not come.
        [`delta/${task}/2/0`, 'b'] as const,
      ].map((record) => batchOf(record, task)),
    )
    await sendBatches(cluster, topic, written, () => {})
    const read = async (view: CheckpointView, own: readonly number[]) => {
      view.promotedPlaces.own = own
      return view.readOn(cluster, topic, ofPartitions(await topicRange(cluster, topic), own))
    }
    const [view, ahead, whole] = [new CheckpointView(), new CheckpointView(), new CheckpointView()]
    await read(view, [0, 1])
    await read(ahead, [2])
    await read(whole, [1, 2])

    view.forgetAllBut([1], (number) => number)
    assert.deepEqual([...view.records.keys()].sort(), ['attempt/1', 'delta/1/1/0', 'manifest/1', 'part/1/7'])
    assert.deepEqual(view.reached, [0, 5, 0])

    view.takeOver(ahead)
    assert.deepEqual(new Map(view.records), new Map(whole.records))
    assert.deepEqual(view.reached, [0, 5, 5])
    assert.deepEqual(view.promotedPlaces.rangesOf([[2, 14]]), whole.promotedPlaces.rangesOf([[2, 14]]))
    assert.equal(await read(view, [1, 2]), 0)

    await sendBatches(cluster, topic, [batchOf(['manifest', '2'], 2), batchOf(['manifest', '2'], 0)], () => {})
    await read(view, [1, 2])
    await read(view, [0, 1, 2])
    await read(whole, [0, 1, 2])
    await cluster.close()
    assert.deepEqual(new Map(view.records), new Map(whole.records))
    assert.ok(view.records.has('delta/2/2/0') && view.records.has('delta/0/2/0'))
  })
})
