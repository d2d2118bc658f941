/**
 * One record batch per partition of the sink, records encoded as they leave; TypeScript takes full ones over and writes
 * their headers.
 *
 * @see Kafka protocol guide, "Record"
 */
import { segmentBits } from '../constants/segments'
import { freeSegments, RUN, segmentBytes, takeSegments } from './segments'
import { batchBytes, openBatches, openBytes, outputRoom, partitionCount } from './state'
import { filled } from './table-imports'

/**
 * Length (5), attributes (1), timestamp delta (8), offset delta (5), key and value length (5 each), and slack for
 * copies.
 */
const overheadMax: u32 = 48

// Of an open batch: the end of its records, their number, base and greatest timestamp. Its bytes lie after all of
// these.
const headBytes: u32 = 32

/** Takes memory for open batches; false when there is none. */
export function openOutput(): bool {
  if (openBatches != 0) freeSegments(<u32>(openBatches >>> segmentBits))
  const bytes = <usize>partitionCount * (headBytes + batchBytes)
  const first = takeSegments(<u32>((bytes + segmentBytes - 1) >>> segmentBits), RUN)
  openBatches = (<usize>first) << segmentBits
  if (first == 0) return false
  openBytes = 0
  for (let partition: u32 = 0; partition < partitionCount; partition++) empty(partition)
  return true
}

/** Hands over every batch that holds a record. */
export function flush(): void {
  for (let partition: u32 = 0; partition < partitionCount; partition++) hand(partition)
}

/** Memory that a record needs which is too large for a batch; 0 when it is not. */
let aloneAt: usize = 0

/** Makes sure that a record can be written; false when there is no memory for it. */
export function hasSpace(payload: u32): bool {
  aloneAt = 0
  if (payload + overheadMax <= batchBytes) return true
  const first = takeSegments((payload + overheadMax + <u32>segmentBytes - 1) >>> segmentBits, RUN)
  aloneAt = (<usize>first) << segmentBits
  return first != 0
}

/** Memory for a record that is not written here, until `giveBack`; 0 when there is none. */
export function borrow(payload: u32): usize {
  if (!hasSpace(payload)) return 0
  return aloneAt != 0 ? aloneAt : bytesOf(0)
}

/** Nobody needs what was borrowed any more. */
export function giveBack(): void {
  if (aloneAt != 0) freeSegments(<u32>(aloneAt >>> segmentBits))
}

/** Writes a record up to its key; returns where the key belongs. The caller writes on, up to `endRecord`. */
export function beginRecord(
  partition: u32,
  timestamp: i64,
  keyLength: u32,
  valueLength: u32,
  headersLength: u32,
): usize {
  const payload = keyLength + valueLength + headersLength
  const open = openBatches + partition * headBytes
  const bytes = bytesOf(partition)
  if (aloneAt != 0 || load<u32>(open) + payload + overheadMax > <u32>bytes + batchBytes) hand(partition)
  const count = load<u32>(open, 4)
  if (count == 0) {
    store<f64>(open, <f64>timestamp, 8)
    store<f64>(open, <f64>timestamp, 16)
  }
  if (<f64>timestamp > load<f64>(open, 16)) store<f64>(open, <f64>timestamp, 16)
  store<u32>(open, count + 1, 4)
  const delta = timestamp - <i64>load<f64>(open, 8)
  const lengths = varintLength(delta) + varintLength(count) + varintLength(keyLength) + varintLength(valueLength)
  let at = writeVarint(aloneAt != 0 ? aloneAt : load<u32>(open), 1 + lengths + payload)
  store<u8>(at++, 0)
  at = writeVarint(at, delta)
  at = writeVarint(at, count)
  return writeVarint(at, keyLength)
}

/** The record ends at `at`. */
export function endRecord(partition: u32, at: usize): void {
  if (aloneAt == 0) {
    const open = openBatches + partition * headBytes
    const bytes = <u32>at - load<u32>(open)
    openBytes += bytes
    spend(bytes)
    store<u32>(open, <u32>at)
  } else {
    spend(<u32>(at - aloneAt))
    handOver(partition, aloneAt, at)
    freeSegments(<u32>(aloneAt >>> segmentBits))
  }
}

/** Takes note of bytes that are written. */
export function spend(bytes: u32): void {
  outputRoom = bytes < outputRoom ? outputRoom - bytes : 0
}

export function writeVarint(to: usize, value: i64): usize {
  let rest: u64 = (value << 1) ^ (value >> 63)
  for (; rest >= 128; rest >>>= 7) store<u8>(to++, (<u32>rest & 127) | 128)
  store<u8>(to++, <u32>rest)
  return to
}

export function varintLength(value: i64): u32 {
  const zigzag: u64 = (value << 1) ^ (value >> 63)
  return (70 - <u32>clz<u64>(zigzag | 1)) / 7
}

function bytesOf(partition: u32): usize {
  return openBatches + partitionCount * headBytes + partition * batchBytes
}

function empty(partition: u32): void {
  const open = openBatches + partition * headBytes
  store<u32>(open, <u32>bytesOf(partition))
  store<u32>(open, 0, 4)
}

function hand(partition: u32): void {
  const open = openBatches + partition * headBytes
  if (load<u32>(open, 4) == 0) return
  openBytes -= load<u32>(open) - <u32>bytesOf(partition)
  handOver(partition, bytesOf(partition), load<u32>(open))
}

function handOver(partition: u32, start: usize, end: usize): void {
  const open = openBatches + partition * headBytes
  filled(partition, start, end, load<u32>(open, 4), load<f64>(open, 8), load<f64>(open, 16))
  empty(partition)
}
