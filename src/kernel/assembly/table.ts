/**
 * The module of pending parts: what `PendingTable` in `../pending-table.ts`, which says what it promises, calls and
 * reads. Rows come in by `apply`, leave with their `last-part`, as a `stored-merge` or by `departure`, and an epoch ends
 * by `epoch`.
 */
import { segmentBits } from '../constants/segments'
import { startIndex } from './hash-index'
import { freeSegments, RUN, segmentBytes, takeSegments } from './segments'
import {
  allSides,
  completedReason,
  duplicateReason,
  lateReason,
  refusedTimeReason,
  requiredSides,
  seedHigh,
  seedLow,
  sideCount,
  tooLargeReason,
  unitsMax,
} from './state'

export * from './state'
export { apply } from './apply'
export { tellChanges } from './changes'
export {
  carriedEnds,
  carriedStarts,
  flags,
  keyEnds,
  keyStarts,
  lanes,
  numbersTold,
  offsets,
  origin,
  partEnds,
  partStarts,
  reasons,
  setBases,
  sides,
  spellingEnds,
  spellingStarts,
  timestamps,
} from './columns'
export { compact, isSparse } from './compact'
export { cutCounts, cutOut, cutSizes, measureCut, placeCut } from './cut'
export { cutDeferred, deferredBytes, deferredCount } from './deferred'
export { commit, rollback } from './epoch'
export { findRow } from './find-row'
export { hashOf, secondHashOf } from './hash'
export { directory, hasRoom, insert, pageOf, remove, slotOf } from './hash-index'
export { fullBits, listLengths, toldLists } from './lists'
export { literals, murmur2 } from './merge'
export { flush, openOutput } from './output'
export { passAwaited } from './awaited'
export { hashKeys, keyHashes, moveOut } from './moving'
export { recall } from './remembered'
export { kinds } from './segments'
export { route } from './routes'
export { retain, sweep } from './sweep'

export function start(
  low: u32,
  high: u32,
  sides: u32,
  all: u32,
  required: u32,
  units: u32,
  duplicate: u32,
  tooLarge: u32,
  refusedTime: u32,
  completed: u32,
  late: u32,
): void {
  seedLow = low
  seedHigh = high
  sideCount = sides
  allSides = all
  requiredSides = required
  unitsMax = units
  duplicateReason = duplicate
  tooLargeReason = tooLarge
  refusedTimeReason = refusedTime
  completedReason = completed
  lateReason = late
  startIndex()
}

/** Memory for bytes that are copied in; 0 when there is none. */
export function takeStage(bytes: u32): usize {
  return (<usize>takeSegments(<u32>((<usize>bytes + segmentBytes - 1) >>> segmentBits), RUN)) << segmentBits
}

export function freeStage(stage: usize): void {
  freeSegments(<u32>(stage >>> segmentBits))
}
