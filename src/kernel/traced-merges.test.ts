import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { TRACED } from './constants/carried.ts'
import { carriedSpanBytesMax } from './constants/span.ts'
import { Outputs } from './fixtures/outputs.ts'
import { type RowSpec, rowsOf } from './fixtures/rows.ts'
import { encodeJsonString } from './json/index.ts'
import type { CarryingPart } from './pending-row.ts'
import { PendingTable } from './pending-table.ts'
import { noCounts } from './table-counts.ts'
import { endOfMerges, readTracedMerges, tracedMerge } from './traced-merges.ts'

const part = (side: number, first: number): CarryingPart => ({
  side,
  partition: 2 ** 20 - 1,
  offset: 2 ** 43,
  timestamp: -1,
  carried: Uint8Array.of(first, 7, 7),
})

function textOf({
  side,
  partition,
  offset,
  timestamp,
  carried,
}: Omit<CarryingPart, 'carried'> & { carried?: Uint8Array | undefined }): string {
  return [side, partition, offset, timestamp, createHash('md5').update(carried!).digest('hex')].join()
}

describe('merges that are told as bytes', () => {
  it('have their parts, and what those carry whose trace is followed', () => {
    const followed = [part(0, 1), part(1, TRACED | 1)]
    const merges = Uint8Array.from([...tracedMerge(followed), ...tracedMerge([part(2, TRACED | 2)])])

    assert.deepEqual(
      [...readTracedMerges(merges)],
      [[{ ...followed[0]!, carried: undefined }, followed[1]], [part(2, TRACED | 2)]],
    )
  })

  it('end one after the other', () => {
    const [first, second] = [tracedMerge([part(0, TRACED | 1)]), tracedMerge([part(0, 1), part(1, TRACED | 1)])]
    const merges = Buffer.concat([first, second])

    assert.deepEqual(
      [0, 1, 2].map((count) => endOfMerges(merges, count)),
      [0, first.length, merges.length],
    )
  })

  it('are told many at once, and all of them where they are more than are told at once', () => {
    const reasons = { duplicateReason: 1, tooLargeReason: 2, refusedTimeReason: 3 }
    const table = new PendingTable({ sideCount: 2, bytesMax: 2 ** 30, hashSeed: [1, 2], carries: true, ...reasons })
    const told: CarryingPart[][] = []
    let calls = 0
    table.publishTo({
      out: new Outputs({ partitionCount: 1, batchBytes: 1 << 16 }).builder,
      keyName: encodeJsonString('id'),
      sideNames: ['"A"', '"B"'].map((name) => Buffer.from(name)),
      recordBytesMax: 1 << 20,
      refuse: () => assert.fail('no row is refused'),
      expire: () => assert.fail('no row expires'),
      trace(merges, count) {
        const parts = [...readTracedMerges(Uint8Array.from(merges))]
        assert.equal(parts.length, count)
        told.push(...parts)
        calls++
      },
    })
    const rowOf = (side: number, key: number): RowSpec => {
      const carried = Buffer.alloc(carriedSpanBytesMax, key)
      carried[0] = TRACED | 2
      return { side, key: { canonical: `${key}` }, part: Buffer.of(0x30), offset: key, timestamp: key, carried }
    }
    const keys = Array.from({ length: 200 }, (_, key) => key)
    for (const side of [1, 0]) {
      const rows = keys.map((key) => rowOf(side, key))
      table.apply(rowsOf(side, rows), noCounts(2))
    }

    const partOf = (side: number, key: number) => ({ partition: side, ...rowOf(side, key) })
    assert.deepEqual(
      told.map((parts) => parts.map(textOf)),
      keys.map((key) => [0, 1].map((side) => textOf(partOf(side, key)))),
    )
    assert.ok(calls < keys.length / 4, `${calls} calls`)
  })
})
