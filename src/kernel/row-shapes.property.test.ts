import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MillraceError } from '../core/errors.ts'
import { check } from '../../test/property.ts'
import { noSide } from './columns.ts'
import { LEFT_OUT, PUBLISHED } from './constants/outcome.ts'
import { noCounts } from './table-counts.ts'
import { Outputs } from './fixtures/outputs.ts'
import { type RowSpec, rowsOf } from './fixtures/rows.ts'
import { encodeJsonString } from './json/index.ts'
import { type PartOrigin, readOrigins } from './origins.ts'
import { PendingTable } from './pending-table.ts'
import type { ListSide } from './pending-table-options.ts'
import type { PendingRow, StoredPart } from './pending-row.ts'

const reasons = { duplicateReason: 1, tooLargeReason: 2, refusedTimeReason: 3 }
const remembering = { completedReason: 4, lateReason: 5 }
const fullReason = 6
/** What becomes of rows that TypeScript publishes, by turns. */
const answers = [PUBLISHED, 7, LEFT_OUT]
const partitionCount = 3
const passes = 2
const roomy = 1 << 20

/** What the sides of a row may be. */
interface Shape {
  readonly sideCount: number
  readonly optionalSides: readonly number[]
  readonly latestSides: readonly number[]
  readonly lists: readonly ListSide[]
  readonly quorum: number
}

/** Which parts count, by naive means: the shape of each side on its own. */
class Sides {
  readonly shape: Shape

  constructor(shape: Shape) {
    this.shape = shape
  }

  list(side: number): ListSide | undefined {
    return this.shape.lists.find((list) => list.side === side)
  }

  /** How many parts fill a list; undefined while that is not known. */
  lengthOf({ length }: ListSide, parts: readonly Part[]): number | undefined {
    if (typeof length !== 'object') return length
    return parts.find(({ side }) => side === length.toldBy)?.told
  }

  hasAll(side: number, parts: readonly Part[]): boolean {
    const own = parts.filter((part) => part.side === side)
    const list = this.list(side)
    if (list === undefined) return own.length > 0
    const length = this.lengthOf(list, parts)
    return length !== undefined && own.length >= length
  }

  isWhole(parts: readonly Part[]): boolean {
    const { sideCount, quorum } = this.shape
    if (quorum > 0 && new Set(parts.map(({ side }) => side)).size >= quorum) return true
    return Array.from({ length: sideCount }, (_, side) => side).every((side) => this.hasAll(side, parts))
  }

  /** Whether it lacks optional sides only. */
  isAwaited(parts: readonly Part[]): boolean {
    const { sideCount, optionalSides } = this.shape
    if (optionalSides.length === 0) return false
    const required = Array.from({ length: sideCount }, (_, side) => side).filter(
      (side) => !optionalSides.includes(side),
    )
    return required.every((side) => this.hasAll(side, parts))
  }

  lateReason(side: number): number {
    const { optionalSides, quorum } = this.shape
    return quorum > 0 || optionalSides.includes(side) ? remembering.lateReason : remembering.completedReason
  }
}

interface Part extends StoredPart {
  readonly key: string
  readonly told: number
}

type Outcome = 'kept' | number | { readonly superseded: Part } | { readonly merged: Part[] }

interface Snapshot {
  readonly rows: Map<string, Part[]>
  readonly completed: ReadonlySet<string>
}

/** What the table promises of rows of any shape, by plain maps, which are copied at each epoch. */
class Oracle {
  readonly sides: Sides
  readonly remembers: boolean
  rows = new Map<string, Part[]>()
  completed = new Set<string>()
  /** Passes over the table that have met a row while it lacked optional sides only. */
  readonly waited = new Map<string, number>()
  #begun: Snapshot[] = [{ rows: new Map(), completed: new Set() }]

  constructor(shape: Shape, remembers: boolean) {
    this.sides = new Sides(shape)
    this.remembers = remembers
  }

  get openEpochs(): number {
    return this.#begun.length
  }

  add(part: Part): Outcome {
    const { shape } = this.sides
    if (this.completed.has(part.key)) return this.sides.lateReason(part.side)
    const parts = this.rows.get(part.key) ?? []
    const known = parts.find(({ side }) => side === part.side)
    const list = this.sides.list(part.side)
    if (known !== undefined && list === undefined) {
      if (!shape.latestSides.includes(part.side)) return reasons.duplicateReason
      this.rows.set(part.key, [...parts.filter((other) => other !== known), part])
      return { superseded: known }
    }
    if (typeof list?.length === 'number' && this.sides.hasAll(part.side, parts)) return reasons.duplicateReason
    const all = [...parts, part]
    if (!this.sides.isWhole(all)) {
      this.rows.set(part.key, all)
      return 'kept'
    }
    return { merged: this.merge(part.key, all) }
  }

  merge(key: string, parts: Part[]): Part[] {
    this.rows.delete(key)
    if (this.remembers) this.completed.add(key)
    return parts
  }

  begin(): void {
    this.#begun.push({ rows: new Map(this.rows), completed: new Set(this.completed) })
  }

  commit(): void {
    this.#begun.shift()
  }

  rollback(): void {
    const [first] = this.#begun
    this.rows = new Map(first!.rows)
    this.completed = new Set(first!.completed)
    this.#begun = [first!]
  }
}

type Step =
  | { kind: 'rows'; partition: number; rows: readonly { side: number; key: number; told: number; bytes: number }[] }
  | { kind: 'begin' | 'commit' | 'rollback' | 'pass' | 'refuse' }
  | { kind: 'compact'; blocksMax: number }

/** A published row: its key, and of each side the offsets of its parts, in order. */
function textOf(key: string, parts: readonly StoredPart[], sideCount: number): string {
  const sides = Array.from({ length: sideCount }, (_, side) =>
    parts
      .filter((part) => part.side === side)
      .sort((a, b) => a.partition - b.partition || a.offset - b.offset)
      .map(({ partition, offset }) => `${partition}@${offset}`)
      .join('+'),
  )
  return `${key}: ${sides.join(' ')}`
}

class Driver {
  readonly #oracle: Oracle
  readonly #table: PendingTable
  readonly #sideCount: number
  /** Whether there is always memory for what a pass merges. */
  readonly #hasRoom: boolean
  readonly #outputs = new Outputs({ partitionCount: 1, batchBytes: 4_096 })
  #published: string[] = []
  #refused: StoredPart[] = []
  #turn = 0
  #nextOffset = 0

  constructor(shape: Shape, remembers: boolean, bytesMax: number) {
    this.#oracle = new Oracle(shape, remembers)
    this.#sideCount = shape.sideCount
    this.#hasRoom = bytesMax > roomy
    this.#table = new PendingTable({
      ...shape,
      ...reasons,
      ...(remembers && remembering),
      bytesMax,
      hashSeed: [1, 2],
    })
    this.#table.publishTo({
      out: this.#outputs.builder,
      keyName: encodeJsonString('id'),
      sideNames: Array.from({ length: shape.sideCount }, (_, side) => encodeJsonString(`s${side}`)),
      recordBytesMax: 1 << 20,
      refuse: (part) => this.#refused.push({ ...part }),
      expire: () => assert.fail('nothing expires'),
      merge: (row) => this.#merge(row),
    })
  }

  run(step: Step): void {
    switch (step.kind) {
      case 'rows':
        this.#apply(step.partition, step.rows)
        break
      case 'begin':
        this.#table.beginEpoch()
        this.#oracle.begin()
        break
      case 'commit':
        if (this.#oracle.openEpochs === 1) return
        this.#table.commitEpoch()
        this.#oracle.commit()
        break
      case 'rollback':
        this.#table.rollback()
        this.#oracle.rollback()
        this.#oracle.waited.clear()
        break
      case 'refuse':
        this.#turn++
        break
      case 'pass':
        if (this.#hasRoom) this.#pass()
        break
      case 'compact':
        this.#table.compact(step.blocksMax)
    }
    this.#compareState()
  }

  #merge({ key, parts }: PendingRow): number {
    if (this.#answer === PUBLISHED) this.#published.push(textOf(Buffer.from(key).toString(), parts, this.#sideCount))
    return this.#answer
  }

  #apply(partition: number, rows: (Step & { kind: 'rows' })['rows']): void {
    const parts = rows.map(({ side, key, told }): Part => {
      return { partition, offset: this.#nextOffset++, side: side % this.#sideCount, key: `k${key}`, told }
    })
    const specs = parts.map(({ side, key, offset }, row): RowSpec => {
      const part = Buffer.from(JSON.stringify('x'.repeat(rows[row]!.bytes)))
      return { side, key: { canonical: key }, part, offset, timestamp: 0 }
    })
    const columns = rowsOf(partition, specs)
    columns.numberTold.set(parts.map(({ told }) => told))
    const counts = noCounts(partitionCount)
    this.#published = []
    this.#refused = []
    let taken = parts.length
    try {
      this.#table.apply(columns, counts)
    } catch (error) {
      if (!MillraceError.is(error) || error.code !== 'TABLE_FULL') throw error
      taken = parts.findIndex(({ offset }) => offset === error.details['offset'])
    }

    const expected = noCounts(partitionCount)
    const published: string[] = []
    const refused: StoredPart[] = []
    const reason = parts.map(() => 0)
    for (const [row, part] of parts.slice(0, taken).entries()) {
      const outcome = this.#oracle.add(part)
      if (outcome === 'kept') continue
      if (typeof outcome === 'number') {
        reason[row] = outcome
        expected.duplicate[partition]!++
      } else if ('superseded' in outcome) expected.superseded[outcome.superseded.partition]!++
      else {
        const answer = this.#isStored() ? this.#answer : PUBLISHED
        if (answer > PUBLISHED) this.#oracle.completed.delete(part.key)
        if (answer > PUBLISHED) refused.push(...outcome.merged)
        if (answer === PUBLISHED) published.push(textOf(part.key, outcome.merged, this.#sideCount))
        const counted = answer > PUBLISHED ? 'deadLettered' : answer === LEFT_OUT ? 'filtered' : 'emitted'
        for (const each of outcome.merged) expected[counted][each.partition]!++
      }
    }
    this.#table.flush()
    const written = this.#outputs.take().map(({ key, headers }) => {
      const origins = readOrigins(headers[0]![1])!.map((origin, side) => ({ ...(origin as PartOrigin), side }))
      return textOf(key!.toString(), origins, this.#sideCount)
    })
    assert.deepEqual([...this.#published, ...written].sort(), published.sort())
    assert.deepEqual(placesOf(this.#refused), placesOf(refused))
    assert.deepEqual(counts, expected)
    assert.deepEqual(Array.from(columns.reason.subarray(0, parts.length)), reason)
    assert.deepEqual(
      Array.from(columns.side.subarray(0, parts.length)),
      parts.map(({ side }, row) => (reason[row] === 0 ? side : noSide)),
    )
  }

  /** Rows that lack optional sides only have waited once more, or are merged. */
  #pass(): void {
    const { waited, rows, sides } = this.#oracle
    for (const key of waited.keys()) if (!sides.isAwaited(rows.get(key) ?? [])) waited.delete(key)
    this.#published = []
    this.#refused = []
    // All ages begin anew where a rollback brought rows back, so the oracle does not tell when, but that it comes.
    for (let pass = 0; pass <= passes; pass++) {
      const request = { passes, blocksMax: 1_000, counts: noCounts(partitionCount) }
      while (this.#table.passAwaited(request) !== 'ended') {}
    }
    const due = [...rows].filter(([, parts]) => sides.isAwaited(parts))
    const expected = due.map(([key, parts]) => {
      this.#oracle.merge(key, parts)
      if (this.#answer > PUBLISHED) this.#oracle.completed.delete(key)
      return parts
    })
    const texts = expected.map((parts) => textOf(parts[0]!.key, parts, this.#sideCount))
    assert.deepEqual(this.#published.sort(), this.#answer === PUBLISHED ? texts.sort() : [])
    assert.deepEqual(placesOf(this.#refused), this.#answer > PUBLISHED ? placesOf(expected.flat()) : [])
  }

  get #answer(): number {
    return answers[this.#turn % answers.length]!
  }

  #isStored(): boolean {
    const { quorum, lists } = this.#oracle.sides.shape
    return quorum > 0 || lists.length > 0
  }

  #compareState(): void {
    const { rows } = this.#oracle
    assert.equal(this.#table.rowCount, rows.size)
    assert.deepEqual(placesOf(this.#table.parts()), placesOf([...rows.values()].flat()))
  }
}

function placesOf(parts: Iterable<StoredPart>): string[] {
  return Array.from(parts, ({ partition, offset, side }) => `${partition} ${offset} ${side}`).sort()
}

const some = (sides: readonly number[]) => fc.subarray([...sides])
const count = fc.integer({ min: 2, max: 4 })

/** Shapes of three or four sides: the first tells how long a list is, where a list is told. */
const shape: fc.Arbitrary<Shape> = fc.integer({ min: 3, max: 4 }).chain((sideCount) => {
  const sides = Array.from({ length: sideCount }, (_, side) => side)
  const none = { optionalSides: [], latestSides: [], lists: [], quorum: 0 }
  const withQuorum = fc.record({ quorum: fc.integer({ min: 2, max: sideCount - 1 }), latestSides: some(sides) })
  const withLists = fc
    .record({
      lists: fc.subarray(sides.slice(1), { minLength: 1 }),
      lengths: fc.array(fc.oneof(count, fc.constant(undefined)), { minLength: sideCount, maxLength: sideCount }),
      isTold: fc.boolean(),
      latestSides: some(sides.slice(1)),
      optionalSides: some(sides.slice(1)),
    })
    .map(({ lists, lengths, isTold, latestSides, optionalSides }) => {
      const made = lists.map((side, at): ListSide => {
        return { side, length: isTold && at === 0 ? { toldBy: 0 } : lengths[side], fullReason }
      })
      const endless = made.filter(({ length }) => length === undefined).map(({ side }) => side)
      return {
        lists: made,
        latestSides: latestSides.filter((side) => !lists.includes(side)),
        optionalSides: [...new Set([...optionalSides, ...endless])],
      }
    })
  const plain = fc.record({ latestSides: some(sides), optionalSides: some(sides.slice(1)) })
  return fc.oneof(plain, withQuorum, withLists).map((given) => ({ ...none, ...given, sideCount }))
})

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('rows' as const),
      partition: fc.nat(partitionCount - 1),
      rows: fc.array(
        fc.record({ side: fc.nat(3), key: fc.nat(6), told: fc.nat(4), bytes: fc.oneof(fc.nat(30), fc.nat(2_000)) }),
        { maxLength: 30, size: 'max' },
      ),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('begin' as const, 'commit' as const, 'rollback' as const, 'pass' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refuse' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('compact' as const), blocksMax: fc.constantFrom(1, 10, 100_000) }),
  },
)

describe('PendingTable with rows of any shape under any history', () => {
  it('has a list that is full as before where a part is undone that came beyond its number', () => {
    const list = { side: 3, length: { toldBy: 0 }, fullReason }
    const shape = { optionalSides: [], latestSides: [], lists: [list], quorum: 0, sideCount: 4 }
    for (const told of [0, 1]) {
      const driver = new Driver(shape, false, 2 ** 30)
      const take = (side: number) =>
        driver.run({ kind: 'rows', partition: 0, rows: [{ side, key: 0, told, bytes: 0 }] })
      take(0)
      for (let count = 0; count < told; count++) take(3)
      driver.run({ kind: 'begin' })
      driver.run({ kind: 'commit' })
      take(3)
      driver.run({ kind: 'rollback' })
      take(1)
      take(2)
    }
  })

  it('merges, lists, supersedes, refuses and undoes what grouping the whole history would', () => {
    const bytesMax = fc.constantFrom(2 ** 30, 2 ** 30, 6_000)
    check(
      fc.property(shape, fc.boolean(), bytesMax, fc.array(step, { maxLength: 40, size: 'max' }), (...given) => {
        const [rowShape, remembers, bytes, steps] = given
        const driver = new Driver(rowShape, remembers, bytes)
        for (const each of steps) driver.run(each)
      }),
      60,
    )
  })
})
