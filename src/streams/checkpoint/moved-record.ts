import type { Class } from '../epochs/epoch-counts.ts'
import type { Layout } from '../topology/layout.ts'
import type { CheckpointRecords } from './checkpoint-records.ts'
import { corrupt } from './manifest.ts'

/** Key of the record in a checkpoint topic that says which layout its program has come from. */
export const movedKey = 'moved'

/** What is kept of the layout that a program was in before. */
export interface MovedRecord {
  readonly from: Layout
  /** Its last epoch, and when it was left, in milliseconds since 1970. */
  readonly epoch: number
  readonly movedMs: number
  /** Where in the topics of outputs and dead letters that begins which the new layout has written, by partition. */
  readonly outputsFrom: Readonly<Record<string, readonly number[]>>
  /** What layouts before have counted, of all partitions, where an account has begun anew; what was pending is in it. */
  readonly counted?: Readonly<Record<Class, number>>
}

/** The layout that has the account of what is before this one begins; undefined where none has. */
export function layoutBefore(records: CheckpointRecords): Layout | undefined {
  const moved = movedOf(records)
  return moved?.counted && moved.from
}

export function encodeMoved(moved: MovedRecord): Uint8Array {
  return Buffer.from(JSON.stringify(moved))
}

/**
 * Undefined where the account has been in one layout, or goes on over all layouts that there were.
 *
 * @throws MillraceError `CHECKPOINT_CORRUPT`
 */
export function movedOf(records: CheckpointRecords): MovedRecord | undefined {
  const bytes = records.get(movedKey)
  if (bytes === undefined) return undefined
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch (error) {
    throw corrupt(`its record "${movedKey}" is not JSON`, error)
  }
}
