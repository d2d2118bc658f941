import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../test/property.ts'
import { columnsRowsMax } from './constants/columns.ts'
import { noCounts } from './table-counts.ts'
import { Outputs } from './fixtures/outputs.ts'
import { type RowSpec, rowsOf } from './fixtures/rows.ts'
import { encodeJsonString } from './json/index.ts'
import type { PendingRow } from './pending-row.ts'
import { PendingTable } from './pending-table.ts'

const partitionCount = 3
const sides = ['A', 'B', 'C', 'D']

const keys = [
  { canonical: 'a' },
  { canonical: 'a', spelling: '"\\u0061"' },
  { canonical: '1' },
  { canonical: '1', isNumber: true },
  { canonical: '1', isNumber: true, spelling: '1.0' },
  { canonical: '' },
  { canonical: 'k'.repeat(300) },
]
const specsOfRows = fc.array(
  fc.record({
    partition: fc.nat(partitionCount - 1),
    // One side is never there, so that no row is whole.
    side: fc.nat(sides.length - 2),
    key: fc.oneof(
      fc.constantFrom(...keys),
      fc.nat(20_000).map((id) => ({ canonical: String(id) })),
    ),
    partBytes: fc.oneof({ weight: 400, arbitrary: fc.nat(60) }, { weight: 1, arbitrary: fc.nat(700_000) }),
    isMade: fc.boolean(),
    carriedBytes: fc.constantFrom(0, 0, 7, 600),
  }),
  { maxLength: 6_000, size: 'max' },
)

describe('the stored columns of a table', () => {
  it('give another table the same rows', () => {
    check(
      fc.property(specsOfRows, fc.boolean(), (specs, areKept) => {
        const [from, to] = [newTable(), newTable()]
        const rows = specs.map(
          ({ partition, partBytes, carriedBytes, ...spec }, at): RowSpec & { partition: number } => ({
            ...spec,
            partition,
            part: Buffer.alloc(partBytes, at),
            offset: at,
            timestamp: 1_790_000_000_000 + at,
            ...(carriedBytes > 0 && { carried: Buffer.alloc(carriedBytes, at) }),
          }),
        )
        for (const [partition, own] of Map.groupBy(rows, (row) => row.partition)) {
          for (let at = 0; at < own.length; at += columnsRowsMax) {
            from.apply(rowsOf(partition, own.slice(at, at + columnsRowsMax)), noCounts(partitionCount))
          }
        }
        const columns = areKept ? [...from.storedColumns(true)] : from.storedColumns()
        for (const each of columns) to.apply(each, noCounts(partitionCount))
        assert.deepEqual(rowsIn(to, specs), rowsIn(from, specs))
        assert.deepEqual(growthOf(to), growthOf(from))
      }),
      20,
    )
  })

  it('give each row once, where the last ones of a partition fill the columns', () => {
    const table = newTable()
    const rows = Array.from({ length: columnsRowsMax }, (_, at): RowSpec => {
      return { side: 0, key: { canonical: String(at) }, part: Buffer.from('1'), offset: at, timestamp: at }
    })
    table.apply(rowsOf(0, rows), noCounts(partitionCount))

    const counts = [...table.storedColumns()].map(({ count }) => count)

    assert.deepEqual(counts, [columnsRowsMax])
  })
})

function newTable(): PendingTable {
  const table = new PendingTable({
    sideCount: sides.length,
    bytesMax: 256 << 20,
    hashSeed: [1, 2],
    duplicateReason: 11,
    tooLargeReason: 15,
    refusedTimeReason: 22,
    carries: true,
  })
  const { builder } = new Outputs({ partitionCount: 1, batchBytes: 4_096 })
  table.publishTo({
    out: builder,
    sideNames: sides.map(encodeJsonString),
    keyName: encodeJsonString('id'),
    recordBytesMax: 0,
    refuse() {},
    expire() {},
  })
  return table
}

function rowsIn(table: PendingTable, specs: readonly { readonly key: RowSpec['key'] }[]): unknown[] {
  const byKey = new Map(specs.map(({ key }) => [`${key.isNumber} ${key.canonical}`, key]))
  return Array.from(byKey.values(), ({ canonical, isNumber = false }) => {
    const row = table.find({ bytes: Buffer.from(canonical), isNumber })
    // Its bytes lie in the table, and are valid until the next look.
    return row && copied(row)
  })
}

function copied({ key, spelling, parts }: PendingRow) {
  return {
    key: Buffer.from(key),
    spelling: Buffer.from(spelling),
    parts: parts.map((part) => ({
      ...part,
      bytes: Buffer.from(part.bytes),
      carried: part.carried && Buffer.from(part.carried),
    })),
  }
}

/** How many parts came, and what the digest grew by, chunk by chunk. */
function growthOf(table: PendingTable): Set<string> {
  const changes = new Set<string>()
  table.epochChanges((partition, chunk, _bits, added, growth) => {
    changes.add([partition, chunk, added, ...growth].join(' '))
  })
  return changes
}
