import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  BatchReader,
  isProgress,
  noProducer,
  noSide,
  type OutputBatch,
  OutputBuilder,
  RecordColumns,
  RoutedParts,
  rowFlags,
  sourceSlackBytes,
} from '../../kernel/index.ts'
import { SourcePartitions } from '../topics/source-partitions.ts'
import { readProgress, RoutedProgress } from './routed-progress.ts'

const tasks = { count: 2, own: [1], taskOf: (number: number) => partitions.taskOf(number), writer: 'app/1' }
/** Two sources of three partitions and one, the second one of several lanes, and redriven letters. */
const partitions = new SourcePartitions(['orders', 'packs'], [], [1, 2], 'app.redrive')
partitions.grow([3, 2, 4])

/** What each partition of the topics was told, by source. */
function toldBy(read: Readonly<Record<number, readonly [ms: number, isBehind: boolean]>>) {
  const filled: OutputBatch[] = []
  const topics = [0, 1].map((sink) => ({
    out: new OutputBuilder({ sink, partitionCount: 2, batchBytes: 1_000, onFilled: (batch) => filled.push(batch) }),
    recordBytesMax: 1_000,
    times: { earliestMs: 0, latestMs: Infinity },
  }))
  const readOf = (number: number) => ({ ms: read[number]![0], isBehind: read[number]![1] })

  new RoutedProgress(topics, partitions, tasks, { readOf }).write([10, 11, 12, 13, 14, 15, 16, 17], 5_000)

  for (const { out } of topics) out.flush()
  return filled.map((batch) => ({ source: batch.sink, partition: batch.partition, columns: columnsOf(batch) }))
}

function columnsOf(batch: OutputBatch): RecordColumns {
  const bytes = Buffer.concat([Buffer.from(batch.seal(noProducer)), Buffer.alloc(sourceSlackBytes)])
  const reader = new BatchReader({ decompressedBytesMax: 1 << 20 })
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const end = bytes.length - sourceSlackBytes
  const { partition } = batch
  reader.open({ partition, bytes, view, start: 0, end, fromOffset: 0, nextOffset: 9, endOffset: 9, aborted: [] })
  const columns = new RecordColumns()
  assert.ok(reader.fill(columns))
  return columns
}

describe('routed progress', () => {
  it('tells each partition how far the source partitions of a member are read, once for all of their lanes', () => {
    const [ofOrders, ofPacks] = [partitions.numberOf({ topic: 'orders', partition: 1 })!, 5]
    assert.deepEqual(partitions.placeOf(ofPacks), { topic: 'packs', partition: 1, index: 0 })

    const told = toldBy({ [ofOrders]: [1_000, true], [ofPacks]: [-Infinity, false] })

    assert.deepEqual(
      told.map(({ source, partition, columns }) => [source, partition, columns.count, readProgress(columns, 0)]),
      [
        [0, 0, 1, [{ number: ofOrders, ms: 1_000, isBehind: true, nextOffset: 11 }]],
        [0, 1, 1, [{ number: ofOrders, ms: 1_000, isBehind: true, nextOffset: 11 }]],
        [1, 0, 1, [{ number: ofPacks, ms: -Infinity, isBehind: false, nextOffset: 15 }]],
        [1, 1, 1, [{ number: ofPacks, ms: -Infinity, isBehind: false, nextOffset: 15 }]],
      ],
    )
  })

  it('is passed over where parts are read', () => {
    const [{ columns }] = toldBy({ 1: [1_000, true], 5: [0, false] }) as [ReturnType<typeof toldBy>[number]]
    columns.side[0] = 0

    assert.equal(new RoutedParts([[0, 'A']]).open(columns), true)

    assert.deepEqual([isProgress(columns, 0), columns.side[0], columns.flags[0]], [true, noSide, rowFlags.filtered])
  })
})
