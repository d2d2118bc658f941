import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BatchReader, noHeaders, recordBatchOf, RecordColumns } from '../../kernel/index.ts'
import { promotedBatches } from './promoted-batches.ts'

describe('promotedBatches', () => {
  it('gives all parts in order, in pieces whose places are small numbers', () => {
    const record = { key: undefined, value: Buffer.alloc(20 << 20), ...noHeaders }
    const places = [1, 0].flatMap((partition) => [5, 3, 2, 9].map((offset) => ({ partition, offset })))
    const parts = places.map(({ partition, offset }) => {
      return [`part/${partition}/${offset}`, recordBatchOf(offset, 0, record)] as const
    })

    const pieces = promotedBatches(new Map(parts))

    const reader = new BatchReader({ decompressedBytesMax: 1 })
    const columns = new RecordColumns()
    const found = pieces.flatMap((piece) => {
      reader.open(piece)
      const offsets: number[] = []
      while (reader.fill(columns)) offsets.push(...columns.offset.subarray(0, columns.count))
      return offsets.map((offset) => [piece.partition, offset])
    })
    assert.deepEqual(
      found,
      [0, 1].flatMap((partition) => [2, 3, 5, 9].map((offset) => [partition, offset])),
    )
    assert.ok(pieces.length > 2 && pieces.every(({ bytes }) => bytes.length < 80 << 20))
  })
})
