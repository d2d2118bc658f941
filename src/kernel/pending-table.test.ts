import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nextInt, seededRandom } from '../core/random.ts'
import { noSide, type RecordColumns } from './columns.ts'
import { columnsRowsMax } from './constants/columns.ts'
import { noCounts } from './table-counts.ts'
import { type RowSpec, rowsOf } from './fixtures/rows.ts'
import { encodeJsonString } from './json/index.ts'
import { OutputBuilder } from './output-builder.ts'
import { newTableMachine } from './fixtures/table-machine.ts'
import { PendingTable } from './pending-table.ts'
import { TableMemory } from './table-memory.ts'
import type { StoredPart } from './pending-row.ts'

const reasons = { duplicateReason: 11, tooLargeReason: 15, refusedTimeReason: 22 }
const completedReason = 19
const mebibyte = 2 ** 20

interface BenchOptions {
  sideCount?: number
  bytesMax?: number
  hashSeed?: readonly [number, number]
  remembersCompleted?: boolean
  memory?: TableMemory
}

/** A table that counts the rows it completes, and forgets them. */
class Bench {
  readonly table: PendingTable
  completedCount = 0
  readonly refused: StoredPart[] = []
  readonly #sideCount: number
  readonly expired: { key: string; spelling: string; parts: unknown[] }[] = []
  readonly counts = noCounts(4)

  constructor({ sideCount = 2, bytesMax = 2 ** 30, hashSeed = [1, 2] as const, ...rest }: BenchOptions = {}) {
    this.#sideCount = sideCount
    const remembering = rest.remembersCompleted ? { completedReason } : {}
    this.table = new PendingTable({ sideCount, bytesMax, hashSeed, ...reasons, ...remembering, memory: rest.memory })
    this.publish(1 << 20)
  }

  publish(recordBytesMax: number): void {
    const out: OutputBuilder = new OutputBuilder({
      sink: 0,
      partitionCount: 1,
      batchBytes: 1 << 16,
      onFilled: (batch) => {
        this.completedCount += batch.count
        out.recycle(batch)
      },
    })
    this.table.publishTo({
      out,
      keyName: encodeJsonString('id'),
      sideNames: Array.from({ length: this.#sideCount }, (_, side) => encodeJsonString(`${side}`)),
      recordBytesMax,
      refuse: (part) => this.refused.push(part),
      expire: ({ key, spelling, parts }) =>
        this.expired.push({
          key: String(Buffer.from(key)),
          spelling: String(Buffer.from(spelling)),
          parts: parts.map(({ bytes, ...part }) => ({ ...part, bytes: String(Buffer.from(bytes)) })),
        }),
    })
  }

  apply(partition: number, rows: readonly RowSpec[]): RecordColumns {
    const columns = rowsOf(partition, rows)
    try {
      this.table.apply(columns, this.counts)
    } finally {
      this.table.flush()
    }
    return columns
  }

  /** A part of `side` for each key, in as many batches as that takes. */
  applyAll(side: number, keys: readonly string[], part: Buffer): void {
    for (let at = 0; at < keys.length; at += columnsRowsMax) {
      this.apply(
        0,
        keys
          .slice(at, at + columnsRowsMax)
          .map((key, i) => rowOf(side, key, { offset: 10_000_000 * side + at + i, part })),
      )
    }
  }

  /** Lets the rows go that are of time 0, and frees what forgotten keys take. */
  sweep(): void {
    while (!this.table.sweep(0, 1_000, this.counts)) {}
  }

  /** Ends the current epoch for good. */
  endEpoch(): void {
    this.table.beginEpoch()
    this.table.commitEpoch()
  }
}

function rowOf(
  side: number,
  key: string,
  { offset = side, part = Buffer.from('part'), timestamp = 0 }: Partial<RowSpec> = {},
): RowSpec {
  return { side, key: { canonical: key }, part, offset, timestamp }
}

function hashesOf(keys: readonly string[], seed: readonly [number, number]): number[] {
  const machine = newTableMachine()
  machine.run.start(...seed, 2, 0)
  const stage = machine.run.takeStage(1024)
  return keys.map((key) => {
    const { written } = new TextEncoder().encodeInto(key, machine.bytes.subarray(stage))
    return machine.run.hashOf(stage, stage + written, 0)
  })
}

/** Three characters, each one of 64. */
function characters(...places: readonly number[]): string {
  return String.fromCharCode(...places.map((place) => 0x30 + place))
}

function keysOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `key ${i}`)
}

describe('PendingTable', () => {
  it('takes no more rows once its merged records have used up the room, but one', () => {
    const bench = new Bench()
    const keys = keysOf(600)
    const part = Buffer.alloc(1_000)
    bench.applyAll(0, keys, part)
    const columns = rowsOf(
      0,
      keys.map((key, i) => rowOf(1, key, { offset: 10_000 + i, part })),
    )

    const taken = [bench.table.apply(columns, bench.counts, 1)]
    assert.ok(bench.table.openBytes > 2_000 && bench.table.openBytes < 2_200)
    while (columns.count > taken.at(-1)!) {
      columns.drop(taken.at(-1)!)
      taken.push(bench.table.apply(columns, bench.counts, 100_000))
    }
    bench.table.flush()

    const whole = Math.floor(100_000 / 2_050) + 1
    assert.equal(taken[0], 1)
    assert.ok(
      taken.slice(1, -1).every((rows) => Math.abs(rows - whole) <= 2),
      taken.join(),
    )
    assert.equal(
      taken.reduce((sum, rows) => sum + rows),
      600,
    )
    assert.deepEqual([bench.completedCount, bench.table.rowCount, bench.table.openBytes], [600, 0, 0])
  })

  it('lets no more rows expire once they have used up the room, but one', () => {
    const bench = new Bench()
    bench.applyAll(0, keysOf(20), Buffer.alloc(1_000))
    const sweep = (roomBytes: number) => {
      const before = bench.expired.length
      const isSwept = bench.table.sweep(0, 1_000, bench.counts, roomBytes)
      return [bench.expired.length - before, isSwept]
    }

    assert.deepEqual(sweep(1), [1, false])
    assert.deepEqual(sweep(5_000), [5, false])
    assert.deepEqual(sweep(1_000_000), [14, true])
  })

  it('marks the second part of a side as a duplicate, and keeps the first', () => {
    const bench = new Bench({ sideCount: 3 })
    bench.apply(1, [rowOf(0, 'k', { offset: 5 }), rowOf(1, 'k', { offset: 6 })])

    const columns = bench.apply(2, [rowOf(1, 'k', { offset: 7 })])

    assert.deepEqual([columns.side[0], columns.reason[0]], [noSide, reasons.duplicateReason])
    assert.deepEqual(bench.counts.duplicate, Float64Array.of(0, 0, 1, 0))
    assert.deepEqual(new Set(Array.from(bench.table.parts(), ({ offset }) => offset)), new Set([5, 6]))
  })

  it('passes over rows that belong to no side', () => {
    const bench = new Bench()

    bench.apply(0, [rowOf(noSide, 'k'), rowOf(0, 'k'), rowOf(noSide, 'k')])

    assert.equal(bench.table.rowCount, 1)
    assert.deepEqual([...bench.table.parts()], [{ partition: 0, offset: 0, side: 0 }])
  })

  it('keeps keys apart whose hashes are equal', () => {
    const hashSeed = [1, 2] as const
    const longKeys = Array.from({ length: 250_000 }, (_, i) => `${i} is the key`)
    // These differ in the last three bytes only, which are no whole word.
    const shortKeys = Array.from({ length: 2 ** 18 }, (_, i) => `key ${characters(i >>> 12, (i >>> 6) & 63, i & 63)}`)
    for (const keys of [longKeys, shortKeys]) {
      const hashes = hashesOf(keys, hashSeed)
      const groups = Map.groupBy(keys, (_, i) => hashes[i]!)
      const colliding = [...groups.values()].filter(({ length }) => length > 1).flat()
      const bench = new Bench({ sideCount: 3, hashSeed })
      assert.ok(colliding.length >= 4, `${colliding.length}`)

      bench.applyAll(0, colliding, Buffer.from('part'))
      assert.equal(bench.table.rowCount, colliding.length)
      bench.applyAll(1, colliding.toReversed(), Buffer.from('part'))
      bench.table.beginEpoch()
      bench.applyAll(2, colliding.slice(1), Buffer.from('part'))
      assert.deepEqual([bench.completedCount, bench.table.rowCount], [colliding.length - 1, 1])

      bench.table.rollback()
      assert.equal(bench.table.rowCount, 0)
    }
  })

  it('makes dead letters of all parts of a row that its sink would not take', () => {
    const bench = new Bench({ sideCount: 3 })
    bench.publish(1)
    bench.apply(0, [rowOf(0, 'k', { offset: 5 })])
    bench.apply(1, [rowOf(1, 'k', { offset: 6 })])

    const columns = bench.apply(2, [rowOf(2, 'k', { offset: 7 })])

    assert.deepEqual([columns.side[0], columns.reason[0]], [noSide, reasons.tooLargeReason])
    assert.deepEqual(
      new Set(bench.refused),
      new Set([
        { partition: 0, offset: 5, side: 0 },
        { partition: 1, offset: 6, side: 1 },
      ]),
    )
    assert.deepEqual(bench.counts.deadLettered, Float64Array.of(1, 1, 0, 0))
    assert.deepEqual(bench.counts.emitted, new Float64Array(4))
    assert.equal(bench.table.rowCount, 0)
  })

  it('holds 16 sides, the highest offsets and the last partition that blocks have room for', () => {
    const bench = new Bench({ sideCount: 16 })
    const sides = Array.from({ length: 15 }, (_, i) => 15 - i)
    const highest = 2 ** 43 - 1

    for (const side of sides) bench.apply(3, [rowOf(side, 'k', { offset: highest - side })])

    assert.deepEqual(
      new Set(bench.table.parts()),
      new Set(sides.map((side) => ({ partition: 3, offset: highest - side, side }))),
    )
    bench.apply(3, [rowOf(0, 'k', { offset: 1 })])
    assert.deepEqual([bench.completedCount, bench.counts.emitted[3]], [1, 16])
  })

  it('refuses fewer than 2 and more than 16 sides', () => {
    assert.throws(() => new Bench({ sideCount: 1 }), /a row has two parts at least/)
    assert.throws(() => new Bench({ sideCount: 17 }), /the sides of a row, and its lists again, are 16 at most/)
  })

  it('commits no epoch before the next has begun', () => {
    assert.throws(() => new Bench().table.commitEpoch(), /committed after the next one has begun/)
  })

  it('undoes all open epochs and none that is committed', () => {
    const bench = new Bench()
    bench.apply(0, [rowOf(0, 'committed'), rowOf(0, 'stays')])
    bench.table.beginEpoch()
    bench.apply(0, [rowOf(1, 'committed'), rowOf(0, 'open')])
    bench.table.beginEpoch()
    bench.table.commitEpoch()
    bench.apply(0, [rowOf(1, 'open'), rowOf(0, 'new')])

    bench.table.rollback()

    assert.equal(bench.table.rowCount, 2)
    bench.apply(0, [rowOf(1, 'committed'), rowOf(1, 'stays')])
    assert.equal(bench.completedCount, 2 + 2)
  })
})

describe('PendingTable that is settled', () => {
  it('keeps what has changed so far, also when the first epoch is undone', () => {
    const bench = new Bench()
    bench.apply(0, [rowOf(0, 'restored')])
    bench.table.settle()
    bench.apply(0, [rowOf(1, 'restored'), rowOf(0, 'new')])

    bench.table.rollback()

    assert.equal(bench.table.rowCount, 1)
    bench.apply(0, [rowOf(1, 'restored')])
    assert.equal(bench.completedCount, 2)
  })

  it('is so before its first epoch only', () => {
    const bench = new Bench()
    bench.table.beginEpoch()
    assert.throws(() => bench.table.settle(), /settled before its first epoch/)
  })
})

describe('PendingTable that fails in itself', () => {
  it('says so, and does nothing more', () => {
    const bench = new Bench({ remembersCompleted: true })
    bench.apply(0, [rowOf(0, 'k'), rowOf(1, 'k')])
    // Against what is promised: the epoch can still be undone.
    bench.table.completed.forget(0, 1)
    bench.sweep()
    assert.equal(bench.table.isBroken, false)

    assert.throws(() => bench.table.rollback(), { name: 'MillraceError', code: 'TABLE_BROKEN', retryable: false })

    assert.equal(bench.table.isBroken, true)
    assert.throws(() => bench.table.apply(rowsOf(0, [rowOf(0, 'l')]), bench.counts), { code: 'TABLE_BROKEN' })
    assert.throws(() => bench.table.rollback(), { code: 'TABLE_BROKEN' })
  })
})

describe('PendingTable at its limit', () => {
  // A block has 32 bytes of header; with a key and a part of 16 bytes each it has 64.
  const row = (i: number, side = 0) => rowOf(side, `key ${1e11 + i}`, { offset: i, part: Buffer.alloc(16, 0x31) })
  const rows = (count: number) => Array.from({ length: count }, (_, i) => row(i))

  it('refuses nothing below the limit, and the first part above it', () => {
    const bench = new Bench({ bytesMax: 64 * 1000 })
    bench.apply(0, rows(1000))

    assert.equal(bench.table.liveBytes, 64 * 1000)
    assert.throws(() => bench.apply(0, [row(1000)]), {
      name: 'MillraceError',
      code: 'TABLE_FULL',
      details: { liveBytes: 64 * 1000, rowCount: 1000, partition: 0, offset: 1000 },
    })
    assert.equal(bench.table.rowCount, 1000)
  })

  it('has taken in the rows before the one that did not fit, and goes on completing', () => {
    const bench = new Bench({ bytesMax: 64 * 100 })

    assert.throws(() => bench.apply(0, rows(500)), { code: 'TABLE_FULL' })

    assert.equal(bench.table.rowCount, 100)
    bench.apply(
      0,
      rows(100).map((_, i) => row(i, 1)),
    )
    assert.deepEqual([bench.completedCount, bench.table.rowCount], [100, 0])
  })

  it('has room again once the epoch of completed rows has committed', () => {
    const bench = new Bench({ bytesMax: 64 * 100 })
    bench.apply(0, rows(100))
    bench.apply(
      0,
      rows(100).map((_, i) => row(i, 1)),
    )
    assert.throws(() => bench.apply(0, [row(200)]), { code: 'TABLE_FULL' })

    bench.endEpoch()

    bench.apply(0, rows(100))
    assert.equal(bench.table.rowCount, 100)
  })

  it('keeps no trace of a further part that did not fit', () => {
    const bench = new Bench({ sideCount: 3, bytesMax: 64 })
    bench.apply(0, [row(0)])
    bench.endEpoch()
    assert.throws(() => bench.apply(0, [row(0, 1)]), { code: 'TABLE_FULL' })

    bench.table.rollback()

    assert.throws(() => bench.apply(0, [row(0, 1)]), { code: 'TABLE_FULL' })
    assert.equal(bench.counts.duplicate[0], 0)
    assert.deepEqual([...bench.table.parts()], [{ partition: 0, offset: 0, side: 0 }])
  })
})

describe('PendingTable that remembers completed keys', () => {
  const both = (key: string) => [rowOf(0, key), rowOf(1, key)]
  const reasonsOf = ({ reason, count }: RecordColumns) => Array.from(reason.subarray(0, count))

  it('tells a part that comes after the merge from a second part of its side', () => {
    const bench = new Bench({ remembersCompleted: true })

    const columns = bench.apply(1, [rowOf(0, 'k'), rowOf(0, 'k'), rowOf(1, 'k'), rowOf(1, 'k'), rowOf(0, 'k')])

    const second = reasons.duplicateReason
    assert.deepEqual(reasonsOf(columns), [0, second, 0, completedReason, completedReason])
    assert.deepEqual([bench.completedCount, bench.counts.duplicate[1], bench.table.rowCount], [1, 3, 0])
  })

  it('knows keys of an earlier life, numbers apart from strings, but for those that are forgotten', () => {
    const before = new Bench({ remembersCompleted: true })
    before.apply(0, [
      ...both('forgotten'),
      ...both('7'),
      ...both('a longer key than fits one line of the cache: '.repeat(5)),
    ])
    const keys = Array.from(before.table.completedKeys(), ({ bytes, isNumber }) => ({
      bytes: Uint8Array.from(bytes),
      isNumber,
    }))
    const bench = new Bench({ remembersCompleted: true })

    bench.table.completed.resume(0, { count: 3, forgotten: 1 })
    keys.slice(1).forEach((key, i) => bench.table.recall(0, 1 + i, key))
    bench.table.rollback()
    const names = keys.map(({ bytes }) => String(Buffer.from(bytes)))
    const columns = bench.apply(0, [
      ...names.map((name) => rowOf(1, name)),
      { ...rowOf(1, '7'), key: { canonical: '7', isNumber: true } },
    ])

    assert.deepEqual(reasonsOf(columns), [0, completedReason, completedReason, 0])
    assert.deepEqual([bench.table.rowCount, bench.table.completed.of().count], [2, 3])
  })

  it('is full when a key of an earlier life does not fit', () => {
    const { table } = new Bench({ remembersCompleted: true, bytesMax: 48 })
    table.completed.resume(0, { count: 2, forgotten: 0 })
    table.recall(0, 0, { bytes: Buffer.from('k'), isNumber: false })

    assert.throws(() => table.recall(0, 1, { bytes: Buffer.from('l'), isNumber: false }), { code: 'TABLE_FULL' })
  })

  it('completes nothing where there is no memory to remember it', () => {
    // Two parts take 48 bytes each, as much as a key.
    const bench = new Bench({ remembersCompleted: true, sideCount: 3, bytesMax: 2 * 48 })
    const part = Buffer.alloc(8)
    bench.apply(0, [rowOf(0, 'k', { part }), rowOf(1, 'k', { part })])
    bench.endEpoch()

    assert.throws(() => bench.apply(0, [rowOf(2, 'k')]), { code: 'TABLE_FULL' })

    assert.deepEqual([bench.completedCount, bench.table.rowCount, bench.table.completed.of().count], [0, 1, 0])
  })

  it('sweeps past memory that was meant for a key whose row could not be published', () => {
    const bench = new Bench({ remembersCompleted: true })
    // It would take 11 units of 16 bytes; memory that nobody has written looks like blocks of 2.
    const key = 'k'.repeat(130)
    bench.apply(0, [rowOf(0, key)])
    bench.publish(1)
    bench.apply(0, [rowOf(1, key), rowOf(0, 'pending')])
    bench.endEpoch()

    bench.sweep()

    assert.deepEqual(
      bench.expired.map((row) => row.key),
      ['pending'],
    )
  })
})

describe('PendingTable, surveyed', () => {
  const part = Buffer.from('1')
  const named = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}${i}`)

  /** Counts the rows by their sides, page by page; something may happen after each page. */
  function survey(table: PendingTable, between = () => {}): Map<number, number> {
    const rows = new Map<number, number>()
    for (let place = 0; place < 1; between()) {
      place = table.survey(place, (sides) => rows.set(sides, (rows.get(sides) ?? 0) + 1))
    }
    return rows
  }

  it('shows each row once, with its sides and the time of its oldest part, and no completed key', () => {
    const bench = new Bench({ sideCount: 3, remembersCompleted: true })
    const keys = named('k', 60_000)
    bench.applyAll(0, keys, part)
    bench.applyAll(1, keys.slice(0, 25_000), part)
    bench.applyAll(2, keys.slice(0, 5_000), part)
    bench.apply(0, [
      rowOf(0, 'late', { timestamp: 700, offset: 90_000_000, part }),
      rowOf(1, 'late', { timestamp: 300, offset: 90_000_001, part }),
    ])
    const oldest = new Set<number>()

    const rows = survey(bench.table)
    for (let place = 0; place < 1;) place = bench.table.survey(place, (_, oldestMs) => void oldest.add(oldestMs))

    assert.deepEqual(
      [...rows].sort(([a], [b]) => a - b),
      [
        [0b001, 35_000],
        [0b011, 20_001],
      ],
    )
    assert.equal(bench.table.rowCount, 55_001)
    assert.ok(oldest.has(300) && !oldest.has(700))
  })

  it('misses no row that stays, while others come and pages split', () => {
    const bench = new Bench()
    bench.applyAll(0, named('stays', 20_000), part)
    let round = 0

    const rows = survey(bench.table, () => {
      if (++round <= 3) bench.applyAll(1, named(`new${round}-`, 20_000), part)
    })

    assert.equal(rows.get(0b01), 20_000)
    assert.ok(round > 3)
  })
})

describe('PendingTable, the bytes of a record', () => {
  it('are not taken for a block, whose size would be none', () => {
    const bench = new Bench()
    bench.apply(0, [rowOf(0, 'pending')])
    const columns = rowsOf(0, [rowOf(0, 'k'.repeat(64), { timestamp: 1 })])
    const [hash, next, head, partLength, flags] = [7, 0, 0, 0xffffffd4, 0]
    columns.bytes.set(Buffer.from(Uint32Array.of(hash, next, head, partLength, flags).buffer), columns.recordStart[0])
    bench.table.apply(columns, bench.counts)

    let calls = 1
    while (!bench.table.sweep(0, 1_000, bench.counts) && calls < 10) calls++
    assert.ok(calls < 10, 'the sweep comes to its end')
    bench.table.retain(() => true)

    assert.deepEqual([bench.expired.map(({ key }) => key), bench.table.rowCount], [['pending'], 1])
  })
})

describe('PendingTable, memory', () => {
  const part = Buffer.alloc(200, 0x31)
  const segmentBytes = 2 * mebibyte
  /** Unused memory that compaction leaves alone. */
  const slackBytes = 16 * mebibyte
  /** One segment of the index. */
  const indexBytes = 128 * 1024

  it('comes back after a burst whose rows have all left, but for the slack of 16 MiB and a segment', () => {
    const bench = new Bench()
    const keys = keysOf(200_000)
    bench.applyAll(0, keys, part)
    const peakBytes = bench.table.reservedBytes
    bench.applyAll(1, keys, part)
    bench.endEpoch()

    bench.table.compact(1_000_000)

    assert.equal(bench.table.liveBytes, 0)
    assert.ok(peakBytes > 50 * mebibyte, `${peakBytes}`)
    assert.ok(bench.table.reservedBytes <= slackBytes + segmentBytes + indexBytes, `${bench.table.reservedBytes}`)
  })

  it('goes back to the system after a burst, and the rows that stay are unharmed', () => {
    const bench = new Bench({ sideCount: 3 })
    const keys = keysOf(300_000)
    const staying = keys.slice(0, 1_000)
    bench.applyAll(0, keys, part)
    bench.applyAll(1, keys, part)
    bench.applyAll(2, keys.slice(1_000), part)
    const peakBytes = bench.table.memoryBytes
    bench.table.beginEpoch()
    bench.applyAll(0, ['open'], part)

    bench.table.commitEpoch()
    bench.table.compact(2_000_000)

    assert.ok(peakBytes > 150 * mebibyte, `${peakBytes}`)
    assert.ok(bench.table.memoryBytes < 60 * mebibyte, `${bench.table.memoryBytes}`)
    assert.equal(bench.table.rowCount, 1_001)
    bench.table.rollback()
    assert.equal(bench.table.rowCount, 1_000)
    const { completedCount } = bench
    bench.applyAll(2, staying, part)
    assert.equal(bench.completedCount - completedCount, 1_000)
    for (let round = 0; round < 2; round++) {
      bench.applyAll(0, keys, part)
      bench.applyAll(1, keys, part)
      bench.applyAll(2, keys, part)
      bench.endEpoch()
      bench.table.compact(2_000_000)
    }
    assert.equal(bench.table.rowCount, 0)
    assert.ok(bench.table.memoryBytes < 60 * mebibyte, `${bench.table.memoryBytes}`)
  })

  it('comes back when 5 % of 100,000 rows stay, spread over all segments, and these are unharmed', () => {
    const bench = new Bench({ sideCount: 3 })
    const random = seededRandom(1)
    const keys = keysOf(100_000)
    bench.applyAll(0, keys, part)
    bench.applyAll(1, keys, part)
    const staying = new Set(keys.filter(() => nextInt(random, 100) < 5))
    bench.applyAll(
      2,
      keys.filter((key) => !staying.has(key)),
      part,
    )
    bench.endEpoch()
    const before = new Set(Array.from(bench.table.parts(), ({ offset }) => offset))
    assert.ok(bench.table.reservedBytes > 40 * mebibyte, `${bench.table.reservedBytes}`)

    // By little at a time, while rows come and go.
    for (let i = 0; i < 300; i++) {
      bench.table.compact(1000)
      bench.apply(1, [rowOf(0, 'passing'), rowOf(1, 'passing'), rowOf(2, 'passing')])
      bench.endEpoch()
    }

    const limit = 2 * bench.table.liveBytes + slackBytes + segmentBytes + 4 * indexBytes
    assert.ok(bench.table.reservedBytes <= limit, `${bench.table.reservedBytes}`)
    assert.deepEqual(new Set(Array.from(bench.table.parts(), ({ offset }) => offset)), before)
    const completedBefore = bench.completedCount
    bench.applyAll(2, [...staying], part)
    assert.equal(bench.completedCount - completedBefore, staying.size)
    assert.equal(bench.table.rowCount, 0)
  })

  it('leaves rows where they are that may still return, and moves them once they have', () => {
    const bench = new Bench()
    const keys = keysOf(150_000)
    bench.applyAll(0, keys, part)
    bench.endEpoch()
    const pending = keys.filter((_, i) => i % 10 === 0)
    bench.applyAll(
      1,
      keys.filter((_, i) => i % 10 !== 0),
      part,
    )
    bench.endEpoch()
    bench.applyAll(1, pending, part)

    bench.table.compact(1_000_000)
    bench.table.rollback()
    bench.table.compact(1_000_000)

    assert.equal(bench.table.rowCount, pending.length)
    const limit = 2 * bench.table.liveBytes + slackBytes + segmentBytes + 8 * indexBytes
    assert.ok(bench.table.reservedBytes <= limit, `${bench.table.reservedBytes}`)
    bench.applyAll(1, pending, part)
    assert.equal(bench.table.rowCount, 0)
  })

  it('holds no copies of rows that leave while no parts come, and a rollback brings all of them back', () => {
    const bench = new Bench()
    const keys = keysOf(100_000)
    bench.applyAll(0, keys, part)
    bench.endEpoch()
    const { liveBytes, memoryBytes } = bench.table
    const partOf = (key: string) => bench.table.find({ bytes: Buffer.from(key), isNumber: false })?.parts[0]?.bytes

    bench.applyAll(1, keys, part)

    const grownBytes = bench.table.memoryBytes - memoryBytes
    assert.ok(liveBytes > 22 * mebibyte && grownBytes < 12 * mebibyte, `${liveBytes} ${grownBytes}`)
    bench.table.rollback()
    assert.ok(keys.every((key) => part.equals(partOf(key)!)))
    bench.applyAll(1, keys, part)
    bench.endEpoch()
    assert.equal(bench.completedCount, 2 * keys.length)
    assert.equal(bench.table.liveBytes, 0)
  })

  it('is taken from the system at once where it is touched before, and goes back when rows have left', () => {
    const memory = new TableMemory()
    const before = process.memoryUsage.rss()
    memory.touch(256 * mebibyte)
    const taken = process.memoryUsage.rss() - before
    const bench = new Bench({ memory })
    assert.ok(taken > 240 * mebibyte, `${taken}`)
    assert.equal(bench.table.memoryBytes, 256 * mebibyte)

    const keys = keysOf(300_000)
    bench.applyAll(0, keys, part)
    bench.applyAll(1, keys, part)
    bench.endEpoch()
    bench.table.compact(2_000_000)

    assert.equal(bench.completedCount, keys.length)
    assert.ok(bench.table.memoryBytes < 60 * mebibyte, `${bench.table.memoryBytes}`)
  })

  it('is reused for blocks of the same size', () => {
    const bench = new Bench()
    const keys = keysOf(50_000)
    const peaks = Array.from({ length: 5 }, () => {
      bench.applyAll(0, keys, part)
      const { reservedBytes } = bench.table
      bench.applyAll(1, keys, part)
      bench.endEpoch()
      return reservedBytes
    })

    assert.equal(peaks[4], peaks[0])
  })

  it('is not written where what is left of a segment is smaller than the header of a block', () => {
    const bench = new Bench()
    const unit = 16
    const segmentUnits = segmentBytes / unit
    /** A part with which a block, that has a key of four bytes, takes as many units. */
    const filling = (units: number) => Buffer.alloc(units * unit - 32 - 4, 0x31)
    let offset = 0
    const keep = (units: number) => {
      const key = `${1_000 + offset}`
      bench.apply(0, [rowOf(0, key, { offset: offset++, part: filling(units) })])
      return key
    }
    // The large one has the segment after that of the others to itself.
    const keys = [keep(3), keep(segmentUnits / 2)]
    const quarter = segmentUnits / 4
    for (const units of [quarter, quarter, quarter, quarter - 3 - 1]) keys.push(keep(units))

    keys.push(keep(3))
    bench.sweep()

    assert.deepEqual(bench.expired.map(({ key }) => key).sort(), keys.sort())
  })

  it('comes back from a part above 512 KiB as soon as its row has left for good', () => {
    const bench = new Bench()
    const base = bench.table.reservedBytes
    const large = Buffer.alloc(3 * mebibyte, 0x31)
    bench.apply(0, [rowOf(0, 'k', { part: large })])
    assert.ok(bench.table.reservedBytes >= base + large.length)
    bench.apply(0, [rowOf(1, 'k')])

    bench.endEpoch()

    assert.equal(bench.table.reservedBytes, base)
  })
})
