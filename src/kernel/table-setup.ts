import { assert } from '../core/assert.ts'
import { unitBytes } from './block.ts'
import { sidesMax, toldByOther } from './constants/block.ts'
import type { PendingTableOptions } from './pending-table-options.ts'
import type { TableMachine } from './table-machine.ts'

/** More than the memory has. */
export const unitsInMemory = 0xffffffff

/** What a table is told once, besides its memory. */
export interface TableSetup {
  /** Units that live blocks may have. */
  readonly unitsMax: number
  /** Whether all parts of a merge are in the table, and TypeScript writes it. */
  readonly mergesStored: boolean
  /** Whether parts tell how long lists are. */
  readonly tellsNumbers: boolean
  /** Whether parts carry headers. */
  readonly carries: boolean
  /** Whether rows of one batch are of several lanes. */
  readonly hasLanes: boolean
}

/** Tells a table which sides its rows have and what becomes of them. */
export function setUp(machine: TableMachine, options: PendingTableOptions): TableSetup {
  const { sideCount, bytesMax, hashSeed, completedReason = 0, lateReason = completedReason } = options
  const {
    isUnused = false,
    optionalSides = [],
    latestSides = [],
    lists = [],
    quorum = 0,
    carries = false,
    hasLanes = false,
  } = options
  assert(sideCount >= (lists.length > 0 || isUnused ? 1 : 2), 'a row has two parts at least')
  assert(sideCount + lists.length <= sidesMax, `the sides of a row, and its lists again, are ${sidesMax} at most`)
  const { run } = machine
  const sides = Array.from({ length: sideCount }, (_, side) => side)
  // What a list needs is to be full; the bit of its side says only that it has a part.
  const fullSides = sides.map((side) => {
    const list = lists.findIndex((each) => each.side === side)
    return list < 0 ? side : sideCount + list
  })
  const requiredSides = sides.filter((side) => !optionalSides.includes(side)).map((side) => fullSides[side]!)
  const unitsMax = Math.min(Math.floor(bytesMax / unitBytes), unitsInMemory)
  const reasons = [options.duplicateReason, options.tooLargeReason, options.refusedTimeReason, completedReason]
  run.start(...hashSeed, sideCount, bitSet(fullSides), bitSet(requiredSides), unitsMax, ...reasons, lateReason)
  run.quorum.value = quorum
  run.carries.value = Number(carries)
  run.latestSides.value = bitSet(latestSides)
  run.listSides.value = bitSet(lists.map(({ side }) => side))
  const [fullBits, lengths, told] = (['fullBits', 'listLengths', 'toldLists'] as const).map((place) =>
    machine.int32(place, sidesMax),
  ) as [Int32Array, Int32Array, Int32Array]
  told.fill(-1)
  for (const { side, length = 0, fullReason } of lists) {
    fullBits[side] = (1 << headBit) << fullSides[side]!
    lengths[side] = typeof length === 'number' ? length : toldByOther
    if (typeof length !== 'number') told[length.toldBy] = side
    run.listFullReason.value = fullReason
  }
  // Which lane a last part was of is not counted where it is never stored.
  const mergesStored = quorum > 0 || lists.length > 0 || hasLanes
  run.mergesStored.value = Number(mergesStored)
  const tellsNumbers = lists.some(({ length }) => typeof length === 'object')
  return { unitsMax, mergesStored, tellsNumbers, carries, hasLanes }
}

/** Sides begin at this bit of a head. */
const headBit = 16

function bitSet(bits: readonly number[]): number {
  return bits.reduce((set, bit) => set | (1 << bit), 0)
}
