import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startBroker } from '../../broker/index.ts'
import { Cluster, sendBatches } from '../../kafka/index.ts'
import { noHeaders, recordBatchOf } from '../../kernel/index.ts'
import { noTotals } from '../epochs/epoch-counts.ts'
import { orders } from '../fixtures/orders.ts'
import { planTopology } from '../topology/plan.ts'
import { encodeManifest } from './manifest.ts'
import { LastManifests } from './last-manifests.ts'
import { shapeOf } from './topology-shape.ts'

function manifestOf(epoch: number): Uint8Array {
  return encodeManifest({
    format: 1,
    epoch,
    closedMs: 0,
    topology: shapeOf(planTopology(orders)),
    outputs: ['sink'],
    sourceIds: ['source-id'],
    partitions: [{ source: 0, partition: 0 }],
    startOffsets: [0],
    nextOffsets: [0],
    totals: noTotals(1),
    pending: 0,
    digest: [0, 0],
    hashSeed: [0, 0],
    baseEpochs: [0],
    basePieces: [0],
    deltaPieces: [0],
  })
}

function batchOf(partition: number, key: string, value: Uint8Array) {
  const bytes = recordBatchOf(0, 0, { key: Buffer.from(key), value, ...noHeaders })
  return { partition, bytes }
}

const manifest = (task: number, epoch: number) => batchOf(task, 'manifest', manifestOf(epoch))
const parts = (task: number, count: number) =>
  Array.from({ length: count }, (_, offset) => batchOf(task, `part/${task}/${offset}`, Buffer.from('part')))

describe('the last manifests of tasks', () => {
  it('are found however far from the end they are, and then in what is new', async () => {
    await using broker = await startBroker({ topics: [{ name: 'tasks', partitions: 4 }] })
    const cluster = new Cluster({ bootstrapServers: broker.bootstrapServers })
    const topic = await cluster.topicWhenReady('tasks')
    const write = (...batches: ReturnType<typeof batchOf>[]) => sendBatches(cluster, topic, batches, () => {})
    const last = new LastManifests()
    const epochs = async () => (await last.read(cluster, topic)).map(({ epoch }) => epoch)

    assert.deepEqual(await epochs(), [])
    await write(manifest(0, 1), manifest(0, 2))
    // Of these the manifest is before what is read first.
    await write(manifest(1, 7), manifest(1, 8), ...parts(1, 1_500))
    // This task has promoted parts, and its first epoch has not ended.
    await write(...parts(3, 20))
    assert.deepEqual(await epochs(), [2, 8])
    assert.deepEqual(await epochs(), [2, 8])

    await write(manifest(3, 9), manifest(0, 3), ...parts(0, 1_100), manifest(1, 10), ...parts(1, 5))
    assert.deepEqual(await epochs(), [3, 10, 9])
    assert.deepEqual(
      (await new LastManifests().read(cluster, topic)).map(({ epoch }) => epoch),
      [3, 10, 9],
    )
    await cluster.close()
  })
})
