import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { check } from '../../test/property.ts'
import { partitionsMax } from './block.ts'
import { columnsRowsMax } from './constants/columns.ts'
import { noCounts } from './table-counts.ts'
import { Outputs } from './fixtures/outputs.ts'
import { rowsOf } from './fixtures/rows.ts'
import { encodeJsonString } from './json/index.ts'
import { chunkOffsets } from './offset-set.ts'
import { PendingTable } from './pending-table.ts'
import type { StoredPart } from './pending-row.ts'
import { newTableMachine } from './fixtures/table-machine.ts'

const sideCount = 3
const partitions = [0, 1, partitionsMax - 1]
const hashSeed = [1, 2] as const
const part = Buffer.from('1')
const counts = noCounts(partitionsMax)

type Step =
  | { kind: 'rows'; partition: number; gap: number; rows: readonly (readonly [side: number, key: number])[] }
  | { kind: 'burst'; keyCount: number; sides: number }
  | { kind: 'expire'; limitMs: number }
  | { kind: 'retain'; keysMax: number }
  | { kind: 'epoch' | 'rollback' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('rows' as const),
      partition: fc.constantFrom(...partitions),
      gap: fc.constantFrom(0, 1, 31, 4096, 2 ** 31),
      rows: fc.array(fc.tuple(fc.nat(sideCount - 1), fc.nat(40)), { maxLength: 60, size: 'max' }),
    }),
  },
  // Each part in a chunk of its own: more chunks than a page of memory has.
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('burst' as const),
      keyCount: fc.integer({ min: 1, max: 1_500 }),
      sides: fc.integer({ min: 1, max: sideCount }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const), limitMs: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retain' as const), keysMax: fc.nat(40) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('epoch' as const, 'epoch' as const, 'rollback' as const) }),
  },
)

/** What is pending at some moment. */
interface Pending {
  readonly count: number
  readonly places: ReadonlySet<string>
  readonly digest: readonly [number, number]
}

/** A table, and what was pending in it at the beginning of the current epoch. */
class Driver {
  readonly #table = new PendingTable({
    sideCount,
    bytesMax: 2 ** 30,
    hashSeed,
    duplicateReason: 1,
    tooLargeReason: 2,
    refusedTimeReason: 9,
  })
  readonly #hash = keyHash()
  /** By partition and offset. */
  readonly #keys = new Map<string, string>()
  readonly #next = new Map(partitions.map((partition) => [partition, 0]))
  #begun: Pending

  constructor() {
    this.#table.publishTo({
      out: new Outputs({ partitionCount: 1, batchBytes: 1 << 16 }).builder,
      keyName: encodeJsonString('id'),
      sideNames: ['A', 'B', 'C'].map(encodeJsonString),
      recordBytesMax: 1 << 16,
      refuse() {},
      expire() {},
    })
    this.#begun = this.#pending()
  }

  run(step: Step): void {
    switch (step.kind) {
      case 'rows':
        this.#apply(step.partition, step.gap, step.rows)
        break
      case 'burst': {
        for (let side = 0; side < step.sides; side++) {
          const rows = Array.from({ length: step.keyCount }, (_, key) => [side, 100 + key] as const)
          for (let at = 0; at < rows.length; at += columnsRowsMax) {
            this.#apply(partitions[side]!, chunkOffsets, rows.slice(at, at + columnsRowsMax))
          }
        }
        break
      }
      case 'expire':
        while (!this.#table.sweep(step.limitMs, 1_000, counts)) {}
        break
      case 'retain':
        this.#table.retain((partition, offset) => Number(this.#keys.get(`${partition} ${offset}`)) < step.keysMax)
        break
      case 'epoch':
        this.#table.beginEpoch()
        this.#table.commitEpoch()
        this.#begun = this.#pending()
        break
      case 'rollback':
        this.#table.rollback()
    }
    this.#compare()
  }

  #apply(partition: number, gap: number, rows: readonly (readonly [side: number, key: number])[]): void {
    const specs = rows.map(([side, key]) => {
      const offset = (this.#next.get(partition) ?? 0) + gap
      this.#next.set(partition, offset + 1)
      this.#keys.set(`${partition} ${offset}`, `${key}`)
      return { side, key: { canonical: `${key}` }, timestamp: key, offset, part }
    })
    this.#table.apply(rowsOf(partition, specs), counts)
  }

  #compare(): void {
    const pending = this.#pending()
    const changed = new Set<string>()
    let grown = 0
    const growth = [0, 0]
    this.#table.epochChanges((partition, chunk, bits, added, [low, high]) => {
      for (let bit = 0; bit < chunkOffsets; bit++) {
        if (((bits[bit >>> 5]! >>> (bit & 31)) & 1) === 0) continue
        const place = `${partition} ${chunk * chunkOffsets + bit}`
        if (!changed.delete(place)) changed.add(place)
      }
      grown += added
      growth[0] = (growth[0]! + low) >>> 0
      growth[1] = (growth[1]! + high) >>> 0
    })
    const places = new Set([...pending.places, ...this.#begun.places, ...changed])
    const isChanged = (place: string) => pending.places.has(place) !== this.#begun.places.has(place)
    const wrong = [...places].filter((place) => isChanged(place) !== changed.has(place))
    assert.deepEqual(wrong.slice(0, 10), [])
    assert.equal(grown, pending.count - this.#begun.count)
    assert.deepEqual(
      growth,
      pending.digest.map((sum, i) => (sum - this.#begun.digest[i]!) >>> 0),
    )
  }

  #pending(): Pending {
    const parts = [...this.#table.parts()]
    let [low, high] = [0, 0]
    for (const found of parts) {
      const hash = this.#hash(this.#keys.get(placeOf(found))!)
      const mixed = mix(found, hash)
      low = (low + mixed) | 0
      high = (high + finish(mixed ^ hash)) | 0
    }
    return { count: parts.length, places: new Set(parts.map(placeOf)), digest: [low, high] }
  }
}

function placeOf({ partition, offset }: StoredPart): string {
  return `${partition} ${offset}`
}

/** The table's hash of short keys. */
function keyHash(): (key: string) => number {
  const machine = newTableMachine()
  machine.run.start(...hashSeed, sideCount, 0)
  const stage = machine.run.takeStage(64)
  return (key) => {
    machine.bytes.set(Buffer.from(key), stage)
    return machine.run.hashOf(stage, stage + key.length, 0)
  }
}

/** What checkpoints in use have been written with: it may not change. */
function mix({ partition, offset, side }: StoredPart, keyHash: number): number {
  const place = Math.imul(partition * 16 + side, 0x9e3779b1) ^ ((offset / 4294967296) | 0)
  return finish(finish(place ^ (offset | 0)) ^ keyHash)
}

function finish(value: number): number {
  let mixed = value
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

describe('the changes of an epoch', () => {
  it('are the parts that are pending now and were not when it began, and the other way round, with their digest', () => {
    check(
      fc.property(fc.array(step, { maxLength: 30, size: 'max' }), (steps) => {
        const driver = new Driver()
        for (const step of steps) driver.run(step)
      }),
      50,
    )
  })

  it('are told piece by piece where they are in more chunks than are gathered at once', () => {
    const driver = new Driver()
    for (const sides of [1, 2, 3]) driver.run({ kind: 'burst', keyCount: 60_000, sides })
  })
})
