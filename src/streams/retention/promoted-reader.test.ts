import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startBroker } from '../../broker/index.ts'
import { Cluster, sendBatches, topicRange } from '../../kafka/index.ts'
import { BatchReader, type FetchedPartition, noHeaders, recordBatchOf, RecordColumns } from '../../kernel/index.ts'
import { CheckpointView } from '../checkpoint/checkpoint-view.ts'
import type { PartPlace } from './promoted-places.ts'
import { pieceBytesMax, readPromoted } from './promoted-reader.ts'

/** Offsets of a piece, and the numbers in its records. */
function partsIn(piece: FetchedPartition): [partition: number, offset: number, content: number][] {
  const reader = new BatchReader({ decompressedBytesMax: 1 })
  const columns = new RecordColumns()
  const parts: [number, number, number][] = []
  reader.open(piece)
  while (reader.fill(columns)) {
    for (let row = 0; row < columns.count; row++) {
      parts.push([piece.partition, columns.offset[row]!, columns.bytes[columns.valueStart[row]!]!])
    }
  }
  return parts
}

describe('readPromoted', () => {
  it('reads what is wanted, each part once, in pieces that are bounded, and finds what has come since', async () => {
    await using broker = await startBroker({ topics: [{ name: 'checkpoint', partitions: 1 }] })
    const cluster = new Cluster({ bootstrapServers: broker.bootstrapServers })
    const topic = await cluster.topicWhenReady('checkpoint')
    const write = async ([partition, offset]: PartPlace, content: number | undefined, bytes = 10) => {
      const part =
        content && recordBatchOf(offset, 0, { key: undefined, value: Buffer.alloc(bytes, content), ...noHeaders })
      const key = Buffer.from(`part/${partition}/${offset}`)
      const record = recordBatchOf(0, 0, { key, value: part || undefined, ...noHeaders })
      await sendBatches(cluster, topic, [{ partition: 0, bytes: record }], () => {})
    }
    const large = 700_000
    // Not in the order of their offsets, some written again, one deleted.
    for (let offset = 19; offset >= 0; offset--) await write([offset % 2, offset], 1 + offset, large)
    await write([0, 18], 19, large)
    await write([1, 3], undefined)
    const manifest = { key: Buffer.from('manifest'), value: Buffer.from('{}'), ...noHeaders }
    await sendBatches(cluster, topic, [{ partition: 0, bytes: recordBatchOf(0, 0, manifest) }], () => {})
    const view = new CheckpointView()
    await view.readOn(cluster, topic, await topicRange(cluster, topic))
    await write([0, 1_000], 77)

    const read = async (places: readonly PartPlace[]) => {
      const has = (partition: number, offset: number) => places.some(([of, at]) => of === partition && at === offset)
      const pieces: FetchedPartition[] = []
      const visit = async (piece: FetchedPartition) => void pieces.push(piece)
      await readPromoted({ cluster, topic }, view.promotedPlaces, { has, places: () => places }, visit)
      return pieces
    }
    const all = Array.from({ length: 20 }, (_, offset): PartPlace => [offset % 2, offset])
    const pieces = await read(all.filter(([, offset]) => offset !== 3))
    const [since] = await read([[0, 1_000]])
    await cluster.close()

    assert.deepEqual(
      pieces.flatMap(partsIn).sort(([, a], [, b]) => a - b),
      all.filter(([, offset]) => offset !== 3).map(([partition, offset]) => [partition, offset, 1 + offset]),
    )
    assert.ok(pieces.length > 2 && pieces.every(({ bytes }) => bytes.length <= pieceBytesMax + 100))
    assert.deepEqual(partsIn(since!), [[0, 1_000, 77]])
    // Their bytes are where they were.
    assert.deepEqual(
      [...view.records.values()].map(({ length }) => length),
      [2, ...Array<number>(19).fill(0)],
    )
  })
})
