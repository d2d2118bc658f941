/** Ends epochs: what one changed becomes final, or is undone. */
import { departedBytes, FILTERED, LEFT, MERGED, pageHeaderBytes, SUPERSEDED, undoBytes } from '../constants/log'
import { free } from './arena'
import {
  at,
  headOf,
  isRemembered,
  isReplacing,
  nextOf,
  offsetOf,
  partitionIn,
  placeOf,
  putInPlace,
  setHead,
  setNext,
  unitsOf,
} from './block'
import { restart } from './compact'
import { forget, isCopy, restored } from './copies'
import { hasRoom, homeOf, insert, pageOf, remove, replace, slotAfter } from './hash-index'
import { sidesOnlyOf } from './lists'
import { dropLastPage, pageBefore } from './log'
import { takeBack, taskOfRow } from './remembered'
import { completedReason } from './state'

/** An epoch is durable: its departed blocks are freed. */
export function commit(undo: usize, departed: usize, copies: usize): void {
  for (let end = departed; end != 0;) {
    const page = pageBefore(end)
    for (let entry = end - departedBytes; entry >= page + pageHeaderBytes; entry -= departedBytes) {
      const address = load<u32>(entry)
      if (isCopy(address)) forget(load<u32>(entry, 4))
      else free(address, load<u32>(entry, 4))
    }
    end = dropLastPage(page)
  }
  drop(undo)
  drop(copies)
}

/** Undoes an epoch, the last change first. */
export function rollback(undo: usize, departed: usize, copies: usize): void {
  for (let end = undo; end != 0;) {
    const page = pageBefore(end)
    for (let entry = end - undoBytes; entry >= page + pageHeaderBytes; entry -= undoBytes) {
      const hash = load<u32>(entry)
      if (load<u32>(entry, 12) != LEFT) removeArrival(hash, partitionIn(load<u32>(entry, 4)), load<u64>(entry, 8))
      else if (load<u32>(entry, 8) == SUPERSEDED) putBack(load<u32>(entry, 4))
      else bringBack(hash, load<u32>(entry, 4), load<u32>(entry, 8))
    }
    end = dropLastPage(page)
  }
  drop(departed)
  drop(copies)
  restart()
}

/** Puts a row that left into the index again. */
function bringBack(hash: u32, departed: u32, how: u32): void {
  const head = isCopy(departed) ? restored(departed) : departed
  if (completedReason != 0 && (how == MERGED || how == FILTERED)) {
    const key = takeBack(hash, taskOfRow(at(head)))
    if (key != 0) return replace(hash, key, head)
  }
  hasRoom(hash)
  insert(hash, head)
}

function drop(chain: usize): void {
  for (let end = chain; end != 0;) end = dropLastPage(pageBefore(end))
}

/** Where the part stands that came in place of another one, which is put back next. */
let replacingSlot: usize = 0
let replacingBefore: u32 = 0
let replacingAddress: u32 = 0

/** Puts a part in its place again, which a later one had superseded. */
function putBack(address: u32): void {
  putInPlace(replacingSlot, replacingBefore, replacingAddress, address)
  free(replacingAddress, unitsOf(at(replacingAddress)))
}

/** Takes out the part that came from `partition` and `offset`, or finds it for `putBack` where it replaced another. */
function removeArrival(hash: u32, partition: u32, offset: u64): void {
  const page = pageOf(hash)
  for (let slot = homeOf(page, hash); load<u32>(slot) != 0; slot = slotAfter(page, slot)) {
    if (load<u32>(slot) != hash) continue
    const head = load<u32>(slot, 4)
    if (isRemembered(at(head))) continue
    let previous: u32 = 0
    for (let address = head; address != 0;) {
      const block = at(address)
      const next = nextOf(block)
      if (partitionIn(placeOf(block)) == partition && offsetOf(block) == offset) {
        if (isReplacing(block)) {
          replacingSlot = slot
          replacingBefore = previous
          replacingAddress = address
          return
        }
        // The first part of a row arrived first and so is undone last.
        if (previous == 0) remove(hash, head)
        else {
          setHead(at(head), headOf(at(head)) & ~sidesOnlyOf(head, block))
          setNext(at(previous), next)
        }
        free(address, unitsOf(block))
        return
      }
      previous = address
      address = next
    }
  }
  unreachable()
}
