import { createHash } from 'node:crypto'
import { murmur2 } from '@platformatic/kafka'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { MillraceError } from '../core/errors.ts'
import { noSide } from './columns.ts'
import { columnsRowsMax } from './constants/columns.ts'
import { TRACED } from './constants/carried.ts'
import { LEFT_OUT, PUBLISHED } from './constants/outcome.ts'
import { noCounts } from './table-counts.ts'
import { Outputs } from './fixtures/outputs.ts'
import { varint } from './fixtures/record-batch.ts'
import { type RowSpec, rowsOf, spellingOf } from './fixtures/rows.ts'
import type { HandedRecord } from './handed-record.ts'
import { encodeJsonString } from './json/index.ts'
import { check } from '../../test/property.ts'
import { PendingTable } from './pending-table.ts'
import type { PendingTableOptions } from './pending-table-options.ts'
import type { CarryingPart, PendingRow, StoredPart } from './pending-row.ts'
import { readTracedMerges } from './traced-merges.ts'

const partitionCount = 3
const sinkPartitions = 2
const recordBytesMax = 700_000
/** Of the one header: the number of headers, its name after its length, and the length of its value. */
const headerFrameBytes = 1 + 1 + 'millrace.origins'.length + 1
const sideNames = ['A', 'B', 'C', 'D', 'E']
const reasons = { duplicateReason: 11, tooLargeReason: 15, refusedTimeReason: 22 }
const completedReason = 19
const handedReason = 24

/** Some keys are other spellings of one, and some have the bytes of another but not its type. */
const keys: RowSpec['key'][] = [
  { canonical: 'a' },
  { canonical: 'a', spelling: '"\\u0061"' },
  { canonical: '1' },
  { canonical: '1', isNumber: true },
  { canonical: '1', isNumber: true, spelling: '1.0' },
  { canonical: '1', isNumber: true, spelling: '10e-1' },
  { canonical: '' },
  { canonical: '', isNumber: true },
  { canonical: '__proto__' },
  { canonical: 'constructor' },
  { canonical: 'abc' },
  { canonical: 'abcd' },
  { canonical: 'abcd\0' },
  { canonical: 'é\n', spelling: '"\\u00e9\\n"' },
  { canonical: 'k'.repeat(300) },
  { canonical: `${'k'.repeat(299)}l` },
]

type Row = Pick<RowSpec, 'side' | 'key' | 'timestamp'> & { partBytes: number; isMade: boolean; carriedBytes: number }

type Step =
  | { kind: 'rows'; partition: number; rows: Row[] }
  | { kind: 'burst'; keyCount: number; sides: number; partBytes: number }
  | { kind: 'beginEpoch' | 'commitEpoch' | 'rollback' }
  | { kind: 'compact'; blocksMax: number }
  | { kind: 'sweep'; limitMs: number; blocksMax: number }
  | { kind: 'retain'; every: number }
  | { kind: 'forget'; keptMax: number }

const partBytes = fc.oneof(
  { weight: 10, arbitrary: fc.nat(40) },
  { weight: 4, arbitrary: fc.nat(3_000) },
  { weight: 1, arbitrary: fc.integer({ min: 16_000, max: 40_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 500_000, max: 550_000 }) },
)
const timestamp = fc.constantFrom(-1, 0, 1, 2 ** 31, 2 ** 32 - 1, 1_790_000_000_000, 1_790_000_000_001)
const row = fc.record({
  side: fc.nat(sideNames.length - 1),
  key: fc.constantFrom(...keys),
  timestamp,
  partBytes,
  isMade: fc.boolean(),
  carriedBytes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 600 })),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('rows' as const),
      partition: fc.nat(partitionCount - 1),
      rows: fc.array(row, { maxLength: 30, size: 'max' }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('burst' as const),
      keyCount: fc.integer({ min: 1, max: 1_000 }),
      sides: fc.nat(sideNames.length),
      partBytes: fc.nat(200),
    }),
  },
  // Few large parts, enough of them that their end makes the table compact itself.
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('burst' as const),
      keyCount: fc.constant(60),
      sides: fc.nat(sideNames.length),
      partBytes: fc.integer({ min: 160_000, max: 300_000 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('beginEpoch' as const, 'commitEpoch' as const, 'commitEpoch' as const, 'rollback' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('compact' as const), blocksMax: fc.constantFrom(1, 10, 100_000) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('sweep' as const),
      limitMs: fc.oneof(fc.constant(-Infinity), timestamp, fc.nat(1_000)),
      blocksMax: fc.constantFrom(1, 10, 100_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('retain' as const), every: fc.integer({ min: 1, max: 20 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('forget' as const), keptMax: fc.oneof(fc.nat(3), fc.nat(1_000)) }),
  },
)

interface OraclePart extends StoredPart {
  row: RowSpec
  blockBytes: number
}

/** What of the table an epoch can change and a rollback undoes. */
interface OracleState {
  /** Parts by key, in the order of their arrival. */
  rows: Map<string, OraclePart[]>
  /** Keys by the order of their completion, and how many are forgotten. */
  completed: RowSpec[]
  forgottenCount: number
}

/** What the table promises, by plain maps: groups the parts of each key, and copies everything at each epoch. */
class Oracle {
  readonly sideCount: number
  readonly bytesMax: number
  readonly remembersCompleted: boolean
  readonly isHanded: boolean
  readonly carries: boolean
  readonly #outcomeOf: (parts: readonly OraclePart[]) => number
  rows: OracleState['rows'] = new Map()
  completed: OracleState['completed'] = []
  forgottenCount = 0
  /** What there was when each open epoch began. */
  begun: OracleState[] = [{ rows: new Map(), completed: [], forgottenCount: 0 }]
  /** Bytes of rows that left in each open epoch. */
  departedBytes = [0]
  /** Completed keys before this one take no memory any more. */
  sweptCount = 0
  #waitingBytes = 0
  #rememberedBytes = 0

  constructor({ sideCount, bytesMax, remembersCompleted, isHanded, carries }: DriverOptions) {
    this.sideCount = sideCount
    this.bytesMax = bytesMax
    this.remembersCompleted = remembersCompleted
    this.isHanded = isHanded
    this.carries = carries
    this.#outcomeOf = isHanded ? (parts) => handedOutcome(parts.at(-1)!.offset) : outcomeOf
  }

  /** Whether the epoch that forgot what is forgotten can no longer be undone. */
  get isForgottenForGood(): boolean {
    return this.begun[0]!.forgottenCount === this.forgottenCount
  }

  /** Keys that the current epoch has completed. */
  get completedAtHand(): RowSpec[] {
    return this.completed.slice(this.begun.at(-1)!.completed.length)
  }

  get parts(): OraclePart[] {
    return [...this.rows.values()].flat()
  }

  get liveBytes(): number {
    return this.departedBytes.reduce((sum, bytes) => sum + bytes, this.#waitingBytes + this.#rememberedBytes)
  }

  /** Takes a row in; returns the parts of its key when it was the last, and what becomes of them. */
  add(
    partition: number,
    row: RowSpec,
  ): 'kept' | 'duplicate' | 'completed' | 'full' | { parts: OraclePart[]; outcome: number } {
    const identity = identityOf(row)
    const known = this.rows.get(identity) ?? []
    if (known.some(({ side }) => side === row.side)) return 'duplicate'
    if (this.#isRemembered(identity)) return 'completed'
    const blockBytes = blockBytesOf(row, known.length === 0, this.carries)
    const part = { partition, offset: row.offset, side: row.side, row, blockBytes }
    if (known.length === this.sideCount - 1) {
      const outcome = this.#outcomeOf([...known, part])
      if (this.remembersCompleted) {
        const keyBytes = blockBytesOf({ key: { canonical: row.key.canonical } }, true)
        if (this.liveBytes + keyBytes > this.bytesMax) return 'full'
        if (outcome <= PUBLISHED) {
          this.completed.push(row)
          this.#rememberedBytes += keyBytes
        }
      }
      this.rows.delete(identity)
      this.departedBytes[this.departedBytes.length - 1]! += sizeOf(known)
      this.#waitingBytes -= sizeOf(known)
      return { parts: [...known, part], outcome }
    }
    if (this.liveBytes + blockBytes > this.bytesMax) return 'full'
    this.rows.set(identity, [...known, part])
    this.#waitingBytes += blockBytes
    return 'kept'
  }

  #isRemembered(identity: string): boolean {
    return this.completed.slice(this.forgottenCount).some((row) => identityOf(row) === identity)
  }

  /** Lets the rows go of which a part has expired. */
  letGo(isOver: (part: OraclePart) => boolean): OraclePart[] {
    const gone: OraclePart[] = []
    for (const [identity, parts] of this.rows) {
      if (!parts.some(isOver)) continue
      this.rows.delete(identity)
      gone.push(...parts)
    }
    this.departedBytes[this.departedBytes.length - 1]! += sizeOf(gone)
    this.#waitingBytes -= sizeOf(gone)
    return gone
  }

  /** Frees what forgotten keys take. */
  sweep(): void {
    this.sweptCount = this.forgottenCount
    this.#rememberedBytes = rememberedBytesOf(this.completed.slice(this.sweptCount))
  }

  /** Ends an epoch, after which only so many completed keys are remembered. */
  forget(keptMax: number): void {
    this.forgottenCount = Math.max(this.forgottenCount, this.completed.length - keptMax)
    this.beginEpoch()
  }

  beginEpoch(): void {
    const { rows, completed, forgottenCount } = this
    this.begun.push({ rows: new Map(rows), completed: [...completed], forgottenCount })
    this.departedBytes.push(0)
  }

  commitEpoch(): void {
    this.begun.shift()
    this.departedBytes.shift()
  }

  rollback(): void {
    const first = this.begun[0]!
    this.rows = new Map(first.rows)
    this.completed = [...first.completed]
    this.forgottenCount = first.forgottenCount
    this.begun = [first]
    this.departedBytes = [0]
    this.#waitingBytes = sizeOf(this.parts)
    this.#rememberedBytes = rememberedBytesOf(this.completed.slice(this.sweptCount))
  }
}

function identityOf({ key }: Pick<RowSpec, 'key'>): string {
  return `${key.isNumber ? 'number' : 'string'} ${key.canonical}`
}

/** All that is told of a row that expires, as a text. */
function textOf({ key, spelling, parts }: PendingRow): string {
  const digest = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest('hex')
  const told = parts.map(({ bytes, carried, ...part }) => ({
    ...part,
    bytes: digest(bytes),
    carried: carried && digest(carried),
  }))
  return JSON.stringify([String(Buffer.from(key)), String(Buffer.from(spelling)), told])
}

function expectedTextOf(parts: readonly OraclePart[], carries: boolean): string {
  const bySide = parts.toSorted((a, b) => a.side - b.side)
  const { key } = bySide[0]!.row
  return textOf({
    key: Buffer.from(key.canonical),
    spelling: Buffer.from(spellingOf(key)),
    parts: bySide.map(({ partition, offset, side, row }) => {
      const carried = carries ? row.carried : undefined
      return { partition, offset, side, timestamp: row.timestamp, bytes: row.part, carried }
    }),
  })
}

function sizeOf(parts: readonly OraclePart[]): number {
  return parts.reduce((sum, { blockBytes }) => sum + blockBytes, 0)
}

/** What is remembered of a row is a block with the canonical key alone. */
function rememberedBytesOf(rows: readonly RowSpec[]): number {
  return rows.reduce((sum, { key }) => sum + blockBytesOf({ key: { canonical: key.canonical } }, true), 0)
}

function outcomeOf(parts: readonly OraclePart[]): number {
  return mergeOf(parts).size <= recordBytesMax ? PUBLISHED : reasons.tooLargeReason
}

/** What becomes of a row that is handed over, by the offset of the part that completes it. */
function handedOutcome(offset: number): number {
  return [PUBLISHED, PUBLISHED, LEFT_OUT, handedReason][offset % 4]!
}

/**
 * A block has 32 bytes of header, the key where it is the row's first, the spelling where it is another, the part, and
 * the headers that it carries after two words.
 */
function blockBytesOf(
  { key, part = Buffer.of(), carried }: Pick<RowSpec, 'key'> & Partial<RowSpec>,
  isFirst: boolean,
  carries = false,
): number {
  const words = (bytes: number) => 4 * Math.ceil(bytes / 4)
  const keyBytes = isFirst ? words(Buffer.byteLength(key.canonical)) : 0
  const spellingBytes = key.spelling === undefined ? 0 : 4 + words(Buffer.byteLength(key.spelling))
  const tailBytes = carries && carried !== undefined ? 8 + words(carried.length) : 0
  return 16 * Math.ceil((32 + keyBytes + spellingBytes + words(part.length) + tailBytes) / 16)
}

function publishedOf(parts: readonly OraclePart[], carries: boolean): Published {
  const { size, ...published } = mergeOf(parts, carries)
  assert.ok(size > 0)
  return published
}

function mergeOf(parts: readonly OraclePart[], carries = false) {
  const bySide = parts.toSorted((a, b) => a.side - b.side)
  const key = Buffer.from(bySide[0]!.row.key.canonical)
  const value = Buffer.concat([
    Buffer.from(`{"id":${spellingOf(bySide[0]!.row.key)}`),
    ...bySide.flatMap(({ side, row }) => [Buffer.from(`,"${sideNames[side]}":`), row.part]),
    Buffer.from('}'),
  ])
  const timestamp = Math.max(...parts.map(({ row }) => row.timestamp))
  const borne = parts.map(({ row }) => row.timestamp).filter((each) => each !== -1)
  const origins = Buffer.concat(bySide.flatMap(({ partition, offset }) => [varint(partition), varint(offset)]))
  return {
    partition: (murmur2(key) & 0x7fffffff) % sinkPartitions,
    timestamp,
    leastMs: Math.min(timestamp, ...borne),
    key,
    value,
    origins,
    carried: (carries && bySide.find(({ row }) => row.carried !== undefined)?.row.carried) || Buffer.of(),
    size: key.length + value.length + headerFrameBytes + origins.length,
  }
}

/** A merged record, wherever it has gone. */
type Published = Omit<ReturnType<typeof mergeOf>, 'size'>

type DriverOptions = Pick<PendingTableOptions, 'sideCount' | 'bytesMax' | 'hashSeed'> & {
  remembersCompleted: boolean
  /** Whether merged records are handed over. */
  isHanded: boolean
  /** Whether parts carry headers. */
  carries: boolean
}

/** The table, its oracle, and what both of them counted and published in one batch of rows. */
class Driver {
  readonly #outputs = new Outputs({ partitionCount: sinkPartitions, batchBytes: 4096 })
  readonly #oracle: Oracle
  readonly #table: PendingTable
  #refused: StoredPart[] = []
  #expired: string[] = []
  #handed: Published[] = []
  #traced: string[] = []
  #nextOffset = 2 ** 33 - 50

  constructor(options: DriverOptions) {
    const { sideCount, remembersCompleted, isHanded } = options
    this.#oracle = new Oracle(options)
    this.#table = new PendingTable({ ...options, ...reasons, ...(remembersCompleted && { completedReason }) })
    this.#table.publishTo({
      out: this.#outputs.builder,
      refuse: (part) => this.#refused.push(part),
      expire: (row) => this.#expired.push(textOf(row)),
      keyName: encodeJsonString('id'),
      sideNames: sideNames.slice(0, sideCount).map(encodeJsonString),
      recordBytesMax,
      ...(isHanded && { hand: (record) => this.#take(record) }),
      trace: (merges, count) => this.#noteTraced(merges, count),
    })
  }

  #noteTraced(merges: Uint8Array, count: number): void {
    const told = Array.from(readTracedMerges(merges), tracedText)
    assert.equal(told.length, count)
    this.#traced.push(...told)
  }

  #take({ bytes, keyStart, valueStart, headersStart, carriedStart, end, offset, ...rest }: HandedRecord): number {
    const outcome = handedOutcome(offset)
    if (outcome !== PUBLISHED) return outcome
    const key = Buffer.from(bytes.subarray(keyStart, valueStart))
    this.#handed.push({
      key,
      value: Buffer.from(bytes.subarray(valueStart, headersStart)),
      origins: Buffer.from(bytes.subarray(headersStart + headerFrameBytes, carriedStart)),
      carried: Buffer.from(bytes.subarray(carriedStart, end)),
      timestamp: rest.greatestMs,
      leastMs: rest.leastMs,
      partition: (murmur2(key) & 0x7fffffff) % sinkPartitions,
    })
    return PUBLISHED
  }

  run(step: Step): void {
    switch (step.kind) {
      case 'rows':
        this.#apply(step.partition, step.rows)
        break
      case 'burst': {
        const { keyCount, sides, partBytes } = step
        const rows = Array.from({ length: keyCount * sides }, (_, i) => {
          const key = { canonical: `burst ${i % keyCount}` }
          return { side: Math.floor(i / keyCount), key, timestamp: i, partBytes, isMade: false, carriedBytes: 0 }
        })
        for (let at = 0; at < rows.length; at += columnsRowsMax) this.#apply(0, rows.slice(at, at + columnsRowsMax))
        break
      }
      case 'commitEpoch':
        if (this.#oracle.begun.length === 1) return
        this.#commit()
        break
      case 'compact':
        this.#table.compact(step.blocksMax)
        break
      case 'sweep':
        // What is swept away cannot be brought back.
        while (!this.#oracle.isForgottenForGood) this.#commit()
        this.#sweep(step.limitMs, step.blocksMax)
        break
      case 'retain':
        while (!this.#oracle.isForgottenForGood) this.#commit()
        this.#table.retain((partition, offset) => {
          assert.ok(partition < partitionCount)
          return offset % step.every > 0
        })
        this.#oracle.letGo(({ offset }) => offset % step.every === 0)
        this.#oracle.sweep()
        break
      case 'forget':
        this.#oracle.forget(step.keptMax)
        this.#table.completed.forget(0, this.#oracle.forgottenCount)
        this.#table.beginEpoch()
        break
      case 'beginEpoch':
      case 'rollback':
        this.#table[step.kind]()
        this.#oracle[step.kind]()
        this.#table.completed.forget(0, this.#oracle.forgottenCount)
    }
    this.#compareState()
  }

  #commit(): void {
    this.#table.commitEpoch()
    this.#oracle.commitEpoch()
  }

  #sweep(limitMs: number, blocksMax: number): void {
    const counts = noCounts(partitionCount)
    this.#expired = []
    while (!this.#table.sweep(limitMs, blocksMax, counts)) {}
    this.#oracle.sweep()

    const rows = Map.groupBy(
      this.#oracle.letGo(({ row }) => row.timestamp <= limitMs),
      ({ row }) => identityOf(row),
    )
    const expected = noCounts(partitionCount)
    for (const { partition } of [...rows.values()].flat()) expected.expired[partition]!++
    assert.deepEqual(counts, expected)
    assert.deepEqual(
      this.#expired.sort(),
      Array.from(rows.values(), (row) => expectedTextOf(row, this.#oracle.carries)).sort(),
    )
  }

  #apply(partition: number, rows: readonly Row[]): void {
    const specs = rows
      .filter(({ side }) => side < this.#oracle.sideCount)
      .map(({ partBytes, carriedBytes, ...row }) => {
        const offset = this.#nextOffset++
        return { ...row, offset, part: Buffer.alloc(partBytes, `${offset},`), ...carriedOf(carriedBytes, offset) }
      })
    const columns = rowsOf(partition, specs)
    const counts = noCounts(partitionCount)
    this.#refused = []
    this.#traced = []
    let wasFull = false
    try {
      this.#table.apply(columns, counts)
    } catch (error) {
      if (!MillraceError.is(error) || error.code !== 'TABLE_FULL') throw error
      wasFull = true
    }

    const expected = noCounts(partitionCount)
    const expectedRefused: StoredPart[] = []
    const merges: Published[] = []
    const traced: string[] = []
    const reason = specs.map(() => 0)
    let isFull = false
    for (const [row, spec] of specs.entries()) {
      const outcome = this.#oracle.add(partition, spec)
      if (outcome === 'full') {
        isFull = true
        break
      }
      if (outcome === 'duplicate' || outcome === 'completed') {
        expected.duplicate[partition]!++
        reason[row] = outcome === 'completed' ? completedReason : reasons.duplicateReason
      } else if (outcome !== 'kept') {
        const { parts } = outcome
        const isTraced = this.#oracle.carries && parts.some(({ row: { carried } }) => carried && carried[0]! >= TRACED)
        if (isTraced && (this.#oracle.isHanded || outcome.outcome === PUBLISHED)) traced.push(tracedText(bySide(parts)))
        if (outcome.outcome > PUBLISHED) {
          const stored = parts.slice(0, -1)
          for (const part of stored) expected.deadLettered[part.partition]!++
          expectedRefused.push(...stored)
          reason[row] = outcome.outcome
        } else {
          const counted = outcome.outcome === PUBLISHED ? expected.emitted : expected.filtered
          for (const part of parts) counted[part.partition]!++
          if (outcome.outcome === PUBLISHED) merges.push(publishedOf(parts, this.#oracle.carries))
        }
      }
    }

    assert.equal(wasFull, isFull)
    assert.deepEqual(counts, expected)
    assert.deepEqual(Array.from(columns.reason.subarray(0, specs.length)), reason)
    assert.deepEqual(
      Array.from(columns.side.subarray(0, specs.length)),
      specs.map(({ side }, row) => (reason[row] === 0 ? side : noSide)),
    )
    assert.deepEqual(placesOf(this.#refused), placesOf(expectedRefused))
    assert.deepEqual(this.#traced, traced)
    const byPartition = (a: Published, b: Published) => a.partition - b.partition
    this.#compareOutputs(merges.sort(byPartition), this.#handed.splice(0).sort(byPartition))
  }

  #compareOutputs(merges: readonly Published[], handed: readonly Published[]): void {
    this.#table.flush()
    const published = this.#outputs.take()
    if (this.#oracle.isHanded) {
      assert.equal(published.length, 0)
      assert.ok(isDeepStrictEqual(handed, merges))
      return
    }
    assert.equal(published.length, merges.length)
    for (const [i, { partition, timestamp, key, value, origins }] of merges.entries()) {
      const record = published[i]!
      assert.deepEqual([record.partition, record.timestamp], [partition, timestamp])
      assert.ok(key.equals(record.key!))
      assert.ok(value.equals(record.value!), `${excerpt(record.value!)} is not ${excerpt(value)}`)
      assert.deepEqual(record.headers, [['millrace.origins', origins]])
    }
  }

  #compareState(): void {
    const { rows, parts, liveBytes, completed, completedAtHand, forgottenCount, sweptCount } = this.#oracle
    assert.equal(this.#table.rowCount, rows.size)
    assert.deepEqual(placesOf(this.#table.parts()), placesOf(parts))
    assert.equal(this.#table.liveBytes, liveBytes)
    for (const key of keys) {
      const found = this.#table.find({ bytes: Buffer.from(key.canonical), isNumber: key.isNumber === true })
      assert.deepEqual(placesOf(found?.parts ?? []), placesOf(rows.get(identityOf({ key })) ?? []))
      for (const { offset, bytes } of found?.parts ?? []) {
        const known = parts.find((part) => part.offset === offset)!.row.part
        assert.ok(known.equals(bytes), `${excerpt(Buffer.from(bytes))} is not ${excerpt(known)}`)
      }
    }
    if (!this.#oracle.remembersCompleted) return
    assert.equal(this.#table.completed.of().count, completed.length)
    assert.equal(this.#table.unsweptCount, forgottenCount - sweptCount)
    assert.deepEqual(
      Array.from(this.#table.completedKeys(), ({ bytes, isNumber }) => [String(Buffer.from(bytes)), isNumber]),
      completedAtHand.map(({ key }) => [key.canonical, key.isNumber === true]),
    )
  }
}

/** Headers are bytes to the table, but for the first one, by which some of them are to be told. */
function carriedOf(carriedBytes: number, offset: number): Pick<RowSpec, 'carried'> {
  if (carriedBytes === 0) return {}
  const carried = Buffer.alloc(carriedBytes, `${offset};`)
  if (offset % 3 === 0) carried[0]! |= TRACED
  return { carried }
}

/** What is told of a merge: traces that are followed. */
function tracedText(parts: readonly CarryingPart[]): string {
  return JSON.stringify(
    parts.map(({ partition, offset, side, timestamp, carried }) => {
      const followed = carried && carried[0]! >= TRACED ? Buffer.from(carried).toString('hex') : ''
      return [partition, offset, side, timestamp, followed]
    }),
  )
}

function bySide(parts: readonly OraclePart[]): CarryingPart[] {
  return parts
    .map(({ partition, offset, side, row }) => ({
      partition,
      offset,
      side,
      timestamp: row.timestamp,
      carried: row.carried,
    }))
    .sort((a, b) => a.side - b.side)
}

function excerpt(value: Buffer): string {
  return value.subarray(0, 200).toString()
}

function placesOf(parts: Iterable<StoredPart>): string[] {
  return Array.from(parts, ({ partition, offset, side }) => `${partition} ${offset} ${side}`).sort()
}

describe('PendingTable under any history', () => {
  it('publishes, keeps, refuses and undoes what grouping the whole history would', () => {
    const bytesMax = fc.constantFrom(2 ** 30, 2 ** 30, 2 ** 30, 16_000)
    const seed = fc.tuple(fc.integer(), fc.integer())
    check(
      fc.property(
        fc.integer({ min: 2, max: 5 }),
        bytesMax,
        seed,
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.array(step, { maxLength: 40, size: 'max' }),
        (sideCount, bytesMax, hashSeed, remembersCompleted, isHanded, carries, steps) => {
          const driver = new Driver({ sideCount, bytesMax, hashSeed, remembersCompleted, isHanded, carries })
          for (const step of steps) driver.run(step)
        },
      ),
      30,
    )
  })
})
