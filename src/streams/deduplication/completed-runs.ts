import { type ComparedKey, type CompletedCounts, decodeKeys, encodeKeys } from '../../kernel/index.ts'
import type { CheckpointRecords } from '../checkpoint/checkpoint-records.ts'
import { completedKey, placeOfCompleted } from '../checkpoint/checkpoint-topic.ts'
import { corrupt, type Manifest } from '../checkpoint/manifest.ts'

/** Keys that a task has completed in one epoch, in one record of the checkpoint. */
export interface CompletedRun {
  /** Number of the first, and the one after the last. */
  readonly from: number
  readonly to: number
  /** The time of the epoch by the clock that they are forgotten by; -Infinity where that had not begun. */
  readonly timeMs: number
  /** As `encodeKeys` has made them. */
  readonly bytes: Uint8Array
}

/** What the value of such a record begins with: the time, as a float of eight bytes. */
const timeBytes = 8
/** As large as other records of the checkpoint. */
const pieceBytes = 64 << 10

/** The records for keys that were completed in one epoch, the first of which has the number `from`. */
export function* encodeRuns(
  keys: Iterable<ComparedKey>,
  from: number,
  timeMs: number,
): Generator<{ run: CompletedRun; value: Uint8Array }> {
  const time = Buffer.alloc(timeBytes)
  time.writeDoubleLE(timeMs)
  let next = from
  for (const { count, bytes } of encodeKeys(keys, pieceBytes)) {
    yield { run: { from: next, to: next + count, timeMs, bytes }, value: Buffer.concat([time, bytes]) }
    next += count
  }
}

/**
 * Gives the completed keys of a task that are not forgotten, with their numbers, and returns all that the checkpoint has
 * of them.
 *
 * @throws MillraceError `CHECKPOINT_CORRUPT` when a record is missing or unreadable.
 */
export function readRuns(
  records: CheckpointRecords,
  task: number,
  { count, forgotten }: CompletedCounts,
  visit: (number: number, key: ComparedKey) => void,
): CompletedRun[] {
  const starts: number[] = []
  for (const name of records.keys()) {
    const place = placeOfCompleted(name)
    if (place?.task === task) starts.push(place.from)
  }
  starts.sort((a, b) => a - b)
  const runs = starts.map((from) =>
    readRun(records, completedKey(task, from), from, (number, key) => {
      if (number >= forgotten) visit(number, key)
    }),
  )
  const first = runs[0]?.from ?? count
  const isWhole = runs.every(({ to }, at) => to === (runs[at + 1]?.from ?? count))
  if (first > forgotten || !isWhole) {
    throw corrupt(`it lacks some of the keys that were completed from number ${forgotten} to ${count}`)
  }
  return runs
}

/**
 * The completed keys of all tasks that are not forgotten, those of an epoch of a task at a time, the earliest first.
 *
 * @param manifests - Of all tasks that have one.
 * @throws MillraceError `CHECKPOINT_CORRUPT`
 */
export function* keysByTime(
  records: CheckpointRecords,
  manifests: readonly Manifest[],
): Generator<{ readonly keys: readonly ComparedKey[]; readonly timeMs: number }> {
  const all = manifests.flatMap(({ task: { number: task } = { number: 0 }, completed: counts }) =>
    counts === undefined ? [] : readRuns(records, task, counts, () => {}).map((run) => ({ task, counts, ...run })),
  )
  all.sort((one, other) => (one.timeMs < other.timeMs ? -1 : Number(one.timeMs > other.timeMs)))
  for (const { task, counts, from, timeMs } of all) {
    const keys: ComparedKey[] = []
    readRun(records, completedKey(task, from), from, (number, key) => {
      if (number >= counts.forgotten) keys.push(key)
    })
    if (keys.length > 0) yield { keys, timeMs }
  }
}

/** The names of all records with completed keys. */
export function completedRecords(records: CheckpointRecords): string[] {
  return [...records.keys()].filter((name) => placeOfCompleted(name) !== undefined)
}

function readRun(
  records: CheckpointRecords,
  name: string,
  from: number,
  visit: (number: number, key: ComparedKey) => void,
): CompletedRun {
  const value = Buffer.from(records.get(name)!)
  try {
    const timeMs = value.readDoubleLE()
    const bytes = value.subarray(timeBytes)
    const count = decodeKeys(bytes, (key, index) => visit(from + index, key))
    return { from, to: from + count, timeMs, bytes }
  } catch (error) {
    if (error instanceof RangeError) throw corrupt(`its record "${name}" is damaged`, error)
    throw error
  }
}
