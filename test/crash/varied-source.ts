import { nextFloat, nextInt, seededRandom } from '../../src/core/random.ts'
import type { SourceRecord } from '../integration/target.ts'

/** What a stage of the varied program is given. */
export interface VariedRecord {
  readonly stage: 'A' | 'B' | 'C'
  readonly id: number
  readonly part: { readonly of: string }
}

/** What the program makes for side C, and would not make a second time. */
export interface ComputedPart {
  readonly of: string
  /** Where its record lies: partition/offset. */
  readonly from: string
  /** Which process has made it, and how many before. */
  readonly by: number
  readonly number: number
}

/** A key whose side B the program drops. */
export function isFiltered(id: number): boolean {
  return id % 10 === 0
}

/** Records of one key are closer together than that, by their timestamps. */
export const expireAfterMs = 3_600_000

const stages = ['A', 'B', 'C'] as const
const recordEveryMs = 1_000
/** How many records lie between those of one key at most. */
const reach = 1_000

export interface VariedSource {
  readonly records: readonly SourceRecord[]
  /** Keys with a record of each side that is not dropped. */
  readonly complete: readonly number[]
  /** What parts of a key say of themselves. */
  readonly partsOf: ReadonlyMap<number, ReadonlySet<string>>
}

/**
 * Records of which one in twenty is missing, and one in fifty is no JSON; those of one key in ten come twice, with
 * other parts. The records of a key lie near each other, in any order.
 */
export function variedSource(keys: number, partitions: number, seed: number): VariedSource {
  const random = seededRandom(seed)
  const placed: { at: number; value: string }[] = []
  const complete: number[] = []
  const partsOf = new Map<number, Set<string>>()
  for (let id = 0; id < keys; id++) {
    const parts = new Set<string>()
    const place = () => id * stages.length + nextInt(random, reach)
    const copies = nextInt(random, 10) === 0 ? 2 : 1
    let sides = 0
    for (const stage of stages) {
      if (nextInt(random, 20) === 0) continue
      sides++
      for (let copy = 0; copy < copies; copy++) {
        const of = `${stage}${id}.${copy}`
        parts.add(of)
        const record: VariedRecord = { stage, id, part: { of } }
        placed.push({ at: place(), value: JSON.stringify(record) })
      }
    }
    if (nextInt(random, 50) === 0) placed.push({ at: place(), value: '{' })
    if (sides === stages.length && !isFiltered(id)) complete.push(id)
    partsOf.set(id, parts)
  }
  placed.sort((a, b) => a.at - b.at)
  const records = placed.map(({ value }, at) => ({
    value,
    // A compacted source keeps the records with keys of their own.
    key: String(at),
    partition: Math.floor(nextFloat(random) * partitions),
    timestampMs: 1_790_000_000_000 + at * recordEveryMs,
  }))
  return { records, complete, partsOf }
}
