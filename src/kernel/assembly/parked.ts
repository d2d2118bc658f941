/**
 * Free blocks of more than 16 KiB, which the arena does not use again one by one: by size class a list that runs
 * through the blocks. A size is rounded up to one of eight between two powers of two, so that few sizes are many
 * blocks.
 */
import { allocate, allocateWithinLimit, free, segmentUnits } from './arena'
import { at } from './block'
import { liveUnits, unitsMax } from './state'

const smallMax: u32 = 1024
/** Larger ones have segments of their own, which the arena frees. */
const sharedMax: u32 = segmentUnits >>> 2

const lists = memory.data(4 * 64, 16)

/** The size that a block of so many units gets. */
export function rounded(units: u32): u32 {
  if (units <= smallMax || units > sharedMax) return units
  const step: u32 = 1 << (28 - clz(units))
  return (units + step - 1) & ~(step - 1)
}

/** @param units - A size that is rounded. */
export function take(units: u32, isLimited: bool): u32 {
  if (isParked(units)) {
    const list = listOf(units)
    const address = load<u32>(list)
    if (address != 0) {
      if (isLimited && <u64>liveUnits + units > unitsMax) return 0
      store<u32>(list, load<u32>(at(address), 4))
      liveUnits += units
      return address
    }
  }
  return isLimited ? allocateWithinLimit(units) : allocate(units)
}

export function giveBack(address: u32, units: u32): void {
  if (!isParked(units)) return free(address, units)
  store<u32>(at(address), load<u32>(listOf(units)), 4)
  store<u32>(listOf(units), address)
  liveUnits -= units
}

function isParked(units: u32): bool {
  return units > smallMax && units <= sharedMax
}

function listOf(units: u32): usize {
  const exponent = 31 - clz(units)
  return lists + (((exponent - 10) * 8 + ((units >>> (exponent - 3)) & 7)) << 2)
}
