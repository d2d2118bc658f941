import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { check } from '../../test/property.ts'
import { noSide, type RecordColumns, rowFlags } from './columns.ts'
import { sideElsewhere } from './constants/cut-row.ts'
import { noCounts } from './table-counts.ts'
import { Outputs } from './fixtures/outputs.ts'
import { type RowSpec, rowsOf } from './fixtures/rows.ts'
import { encodeJsonString } from './json/index.ts'
import { PendingTable } from './pending-table.ts'
import type { CutBatch, TableShard } from './table-shard.ts'

const partitionCount = 3
const sideNames = ['A', 'B', 'C']
const reasons = { duplicateReason: 11, tooLargeReason: 15, refusedTimeReason: 22 }
/** What is larger than a pass. */
const largePartBytes = 700_000

const keys: RowSpec['key'][] = [
  ...Array.from({ length: 12 }, (_, index) => ({ canonical: `customer ${index}` })),
  { canonical: '1' },
  { canonical: '1', isNumber: true },
  { canonical: '1', isNumber: true, spelling: '1.0' },
  { canonical: '', spelling: '""' },
  { canonical: 'é\n', spelling: '"\\u00e9\\n"' },
  { canonical: 'k'.repeat(300) },
]

const row = fc.record({
  side: fc.oneof({ weight: 8, arbitrary: fc.nat(sideNames.length - 1) }, { weight: 1, arbitrary: fc.constant(noSide) }),
  key: fc.constantFrom(...keys),
  timestamp: fc.constantFrom(-1, 1, 1_790_000_000_000),
  partBytes: fc.oneof({ weight: 1_000, arbitrary: fc.nat(200) }, { weight: 1, arbitrary: fc.constant(largePartBytes) }),
  isMade: fc.boolean(),
  carriedBytes: fc.oneof(fc.constant(0), fc.integer({ min: 2, max: 60 })),
})
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('rows' as const),
      partition: fc.nat(partitionCount - 1),
      isReady: fc.boolean(),
      rows: fc.array(row, { maxLength: 40, size: 'max' }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('close' as const, 'commit' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('rollback' as const, 'lose' as const) }) },
)

type Rows = Extract<typeof step extends fc.Arbitrary<infer Step> ? Step : never, { kind: 'rows' }>['rows']

describe('the shards of a table', () => {
  it('hold, publish, refuse and undo what one table does, whatever is cut where, and when one of them is lost', () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.tuple(fc.nat(), fc.nat()),
      fc.array(step, { maxLength: 24, size: 'max' }),
      (shardCount, hashSeed, steps) => {
        const [one, several] = [new OneTable(hashSeed), new Shards(hashSeed, shardCount)]
        let nextOffset = 0
        let isClosed = false
        for (const each of steps) {
          if (each.kind === 'rows') {
            const columns = rowsOf(each.partition, specsOf(each.rows, nextOffset))
            nextOffset += each.rows.length
            // A table says in the columns what became of the rows.
            const same = rowsOf(each.partition, specsOf(each.rows, nextOffset - each.rows.length))
            assert.deepEqual(several.take(same, each.isReady), one.take(columns))
          } else if (each.kind === 'close' && !isClosed) {
            assert.deepEqual(several.close(), one.close())
            isClosed = true
          } else if (each.kind === 'commit' && isClosed) {
            for (const tables of [one, several]) tables.commit()
            isClosed = false
          } else if (each.kind === 'rollback' || each.kind === 'lose') {
            for (const tables of [one, several]) tables.rollback()
            isClosed = false
            if (each.kind === 'lose') several.loseOne(nextOffset % shardCount)
          }
          assert.deepEqual(several.state(), one.state())
        }
      },
    )
    check(property, 20)
  })
})

function specsOf(rows: Rows, firstOffset: number): RowSpec[] {
  return rows.map(({ partBytes, carriedBytes, ...rest }, index) => ({
    ...rest,
    offset: firstOffset + index,
    part: Buffer.alloc(partBytes, `"${firstOffset + index} `),
    ...(carriedBytes > 0 && { carried: Buffer.alloc(carriedBytes, index) }),
  }))
}

/** A table with what it writes and counts. */
class TestTable {
  readonly table: PendingTable
  readonly counts = noCounts(partitionCount)
  readonly outputs = new Outputs({ partitionCount: 2, batchBytes: 4096 })
  /** Parts that leave as dead letters, once they are in the table. */
  readonly refused: string[] = []

  readonly shard: TableShard

  constructor(hashSeed: readonly [number, number], place = { shard: 0, shardCount: 1 }) {
    this.table = new PendingTable({
      sideCount: sideNames.length,
      bytesMax: 2 ** 30,
      hashSeed,
      carries: true,
      ...reasons,
    })
    this.table.publishTo({
      out: this.outputs.builder,
      refuse: ({ partition, offset }, reason) => this.refused.push(`${partition} ${offset} ${reason}`),
      expire: () => assert.fail('nothing expires'),
      keyName: encodeJsonString('id'),
      sideNames: sideNames.map(encodeJsonString),
      recordBytesMax: largePartBytes,
    })
    this.shard = this.table.shardAt(place)
  }

  /** What it has written. */
  take(): string[] {
    this.table.flush()
    return this.outputs.take().map(({ partition, timestamp, key, value, headers }) => {
      const [, origins] = headers[0]!
      return [partition, timestamp, key, value!.length, crc32(value!), origins.toString('hex')].join(' ')
    })
  }
}

class OneTable {
  readonly #one: TestTable

  constructor(hashSeed: readonly [number, number]) {
    this.#one = new TestTable(hashSeed)
  }

  take(columns: RecordColumns) {
    const { table, counts, refused } = this.#one
    table.apply(columns, counts)
    return { written: this.#one.take().toSorted(), refused: [...refusedOf(columns), ...refused.splice(0)].toSorted() }
  }

  close() {
    const changes = new Changes()
    changes.add(this.#one.table)
    this.#one.table.beginEpoch()
    return changes.told()
  }

  commit(): void {
    this.#one.table.commitEpoch()
  }

  rollback(): void {
    this.#one.table.rollback()
  }

  state() {
    const { table, counts } = this.#one
    return { counts, rowCount: table.rowCount, rows: pendingOf(table).toSorted() }
  }
}

/** What was said to be pending as an epoch has closed: by partition, chunk and offset, and the growth of the digest. */
class Changes {
  readonly #bits = new Map<string, boolean>()
  readonly #growth = Array.from({ length: partitionCount }, () => [0, 0])

  add(table: PendingTable): void {
    table.epochChanges((partition, chunk, bits, _added, [low, high]) => {
      bits.forEach((word, at) => {
        for (let bit = 0; bit < 32; bit++) {
          const place = `${partition} ${chunk} ${at * 32 + bit}`
          if ((word >>> bit) & 1) this.#bits.set(place, this.#bits.get(place) !== true)
        }
      })
      const growth = this.#growth[partition]!
      growth[0] = (growth[0]! + low) >>> 0
      growth[1] = (growth[1]! + high) >>> 0
    })
  }

  told() {
    return {
      changed: [...this.#bits].flatMap(([place, isOdd]) => (isOdd ? [place] : [])).toSorted(),
      growth: this.#growth,
    }
  }
}

/** Several tables in one thread: what they cut out for each other crosses as it would between threads. */
class Shards {
  readonly #hashSeed: readonly [number, number]
  readonly #tables: TestTable[]
  /** One without keys, that cuts out what is ready. */
  readonly #cutter: TestTable
  readonly #cut: CutBatch[][]
  /** Counters of tables that were lost. */
  readonly #countsBefore = noCounts(partitionCount)

  constructor(hashSeed: readonly [number, number], shardCount: number) {
    this.#hashSeed = hashSeed
    this.#tables = Array.from({ length: shardCount }, (_, shard) => new TestTable(hashSeed, { shard, shardCount }))
    this.#cutter = new TestTable(hashSeed, { shard: shardCount, shardCount })
    this.#cut = this.#tables.map(() => [])
  }

  take(columns: RecordColumns, isReady: boolean) {
    const rowCount = columns.count
    const sides = columns.side.slice(0, rowCount)
    const refused = this.#give(columns, isReady)
    const elsewhere = columns.side.subarray(0, rowCount).filter((side) => side === sideElsewhere).length
    const sided = sides.filter((side) => side !== noSide).length
    assert.ok(isReady ? elsewhere === sided : elsewhere <= sided)
    refused.push(...refusedOf(columns), ...this.#tables.flatMap((each) => each.refused.splice(0)))
    return { written: this.#tables.flatMap((each) => each.take()).toSorted(), refused: refused.toSorted() }
  }

  close() {
    const changes = new Changes()
    for (const { table } of this.#tables) {
      changes.add(table)
      table.beginEpoch()
    }
    return changes.told()
  }

  commit(): void {
    for (const { table } of this.#tables) table.commitEpoch()
  }

  rollback(): void {
    for (const { table } of this.#tables) table.rollback()
  }

  /** Loses what a shard has: all are emptied, and filled from all that is pending, as it would be read again. */
  loseOne(lost: number): void {
    const parts = this.#tables.flatMap(({ table }) => [...table.storedColumns()].map(copyOf))
    const before = this.#tables[lost]!
    for (const [name, counts] of Object.entries(this.#countsBefore)) {
      before.counts[name as keyof typeof before.counts].forEach((count, partition) => (counts[partition]! += count))
    }
    this.#tables[lost] = new TestTable(this.#hashSeed, before.shard.place)
    for (const { table } of this.#tables) {
      table.retain(() => false)
      table.settle()
    }
    for (const columns of parts) this.#give(columns, false)
    for (const { table } of this.#tables) table.settle()
  }

  state() {
    const counts = structuredClone(this.#countsBefore)
    for (const [name, all] of Object.entries(counts)) {
      for (const each of this.#tables) {
        each.counts[name as keyof typeof counts].forEach((count, partition) => (all[partition]! += count))
      }
    }
    const rowCount = this.#tables.reduce((sum, { table }) => sum + table.rowCount, 0)
    return { counts, rowCount, rows: this.#tables.flatMap(({ table }) => pendingOf(table)).toSorted() }
  }

  /**
   * Gives rows to the shard of their partition, or to the table without keys, and what it cuts out to the others; returns
   * what these refuse.
   */
  #give(columns: RecordColumns, isReady: boolean): string[] {
    const own = isReady ? this.#tables.length : columns.partition % this.#tables.length
    const { shard: ownShard, counts } = isReady ? this.#cutter : this.#tables[own]!
    const visit = (shard: number, batch: CutBatch) => {
      assert.notEqual(shard, own)
      this.#cut[shard]!.push({ ...batch, rows: batch.rows.slice() })
    }
    ownShard.take(columns, counts, visit)
    return this.#cut.flatMap((cut, shard) => {
      const { shard: other, counts: otherCounts } = this.#tables[shard]!
      return cut.splice(0).flatMap((batch) => {
        const refused = refusedOf(other.takeCut(batch, otherCounts))
        batch.rows.fill(0xee)
        return refused
      })
    })
  }
}

/** Rows that were refused as they came. */
function refusedOf({ count, partition, side, reason, offset }: RecordColumns): string[] {
  return Array.from({ length: count }, (_, at) => at)
    .filter((at) => side[at] === noSide && reason[at] !== 0)
    .map((at) => `${partition} ${offset[at]} ${reason[at]}`)
}

/** All parts that are pending, as texts. */
function pendingOf(table: PendingTable): string[] {
  return [...table.storedColumns()].flatMap((columns) => {
    const { count, partition, offset, timestamp, side, flags, bytes, extra } = columns
    const text = (starts: Int32Array, ends: Int32Array, at: number, from = bytes) =>
      String(Buffer.from(from.subarray(starts[at], ends[at])))
    return Array.from({ length: count }, (_, at) =>
      JSON.stringify([
        [partition, offset[at], timestamp[at], side[at], flags[at]! & rowFlags.keyIsNumber],
        text(columns.keyStart, columns.keyEnd, at),
        text(columns.spellingStart, columns.spellingEnd, at),
        crc32(bytes.subarray(columns.partStart[at], columns.partEnd[at])),
        text(columns.carriedStart, columns.carriedEnd, at, extra.bytes),
      ]),
    )
  })
}

/** Stored columns are valid until the next ones. */
function copyOf(columns: RecordColumns): RecordColumns {
  const copied = columns.pick([])
  for (const [name, column] of Object.entries(columns)) {
    if (ArrayBuffer.isView(column) && column instanceof Uint8Array === false && !(column instanceof DataView)) {
      ;(copied as unknown as Record<string, Int32Array>)[name]!.set(column as Int32Array)
    }
  }
  copied.bytes = Uint8Array.from(columns.bytes)
  copied.flags.set(columns.flags)
  copied.extra.append(columns.extra.bytes.subarray(0, columns.extra.length))
  copied.count = columns.count
  return copied
}
