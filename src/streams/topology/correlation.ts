import type { Key } from './key.ts'
import type { Stage } from './stage.ts'
import type { Stages } from './source.ts'
import { checkKey, checkNames, checkOptions, checkText, isByName } from './topology-checks.ts'

/** Which parts make one record, and how long a key may be incomplete. */
export interface CorrelateOptions<Name extends string, Optional extends Name = never> {
  /** The sides, each the name of a stage, in the order in which the merged record has them. */
  readonly of: readonly Name[]
  /**
   * The name of the key in the merged record. @defaultValue the last name of the field that has the key of the first
   * side
   */
  readonly keyName?: string
  /**
   * Sides that a merge does without, if they have not come in time. @defaultValue a merge waits for all sides
   */
  readonly optional?: OptionalSides<Optional>
  /** Milliseconds by the timestamp of its oldest part after which an incomplete row leaves. @defaultValue never */
  readonly expireAfterMs?: number
  /**
   * What the deadline is compared with: the time that the records themselves tell, which stands while none come, or the
   * time of day. @defaultValue `eventTime`
   */
  readonly expireBy?: 'eventTime' | 'processingTime'
  /**
   * Topic for the parts of a row that has expired, in one record like a merged one. @defaultValue the dead-letter topic
   */
  readonly expireTo?: string
  /**
   * What happens when pending parts and remembered keys take `pendingBytesMax`: the program stops with `TABLE_FULL`, or
   * the oldest incomplete rows, by the timestamps of their parts, leave as if they had expired; their dead letters have
   * the reason `EVICTED`. @defaultValue `stop`
   */
  readonly whenFull?: WhenFull
  /**
   * Makes a part a duplicate that comes after its key has been merged, where it would begin a new row else.
   * @defaultValue a key that has been merged is forgotten
   */
  readonly rememberCompleted?: RememberCompleted
}

/** What happens where the pending table has no room for a part. */
export type WhenFull = 'stop' | 'expire-oldest'

/**
 * Sides that a merge does without. A part that comes after its merge is a duplicate with the reason `LATE` where
 * completed keys are remembered; else it begins a new row, which expires.
 */
export interface OptionalSides<Name extends string> {
  /** Some of the sides, not all. */
  readonly sides: readonly Name[]
  /**
   * Milliseconds by the time of day that a row waits for them, from when all other sides are there. It may be an eighth
   * longer; after a start or a restart of operators the wait begins anew. At least 8.
   */
  readonly withinMs: number
}

/** How long keys that have been merged are remembered. Each takes memory, and a place in the checkpoint. */
export interface RememberCompleted {
  /** Milliseconds since the merge, at least, by the clock of `expireBy`. */
  readonly forMs: number
  /** How many, at most: of more, those that were merged last. @defaultValue 1,000,000 */
  readonly keysMax?: number
}

/** The record a topology publishes: the key and, by name, the parts of all sides. */
export type Merged<AllStages extends Stages, Side extends keyof AllStages, Optional extends Side = never> = [
  Optional,
] extends [never]
  ? Parts<AllStages, Side>
  : Parts<AllStages, Exclude<Side, Optional>> & Partial<Parts<AllStages, Optional>>

type Parts<AllStages extends Stages, Side extends keyof AllStages> = {
  readonly [Name in Side]: AllStages[Name] extends Stage<infer Part> ? Part : never
}

/** The merge key of every side, or of each side by its name. */
export type Keys<Side extends string> = Key | { readonly [Name in Side]: Key }

/** A correlation as data. */
export interface Correlation {
  readonly id: string
  readonly key: Keys<string>
  readonly keyName: string | undefined
  readonly of: readonly string[]
  readonly optional: OptionalSides<string> | undefined
  readonly expireAfterMs: number | undefined
  readonly expireBy: 'eventTime' | 'processingTime'
  readonly expireTo: string | undefined
  readonly whenFull: WhenFull
  readonly rememberCompleted: RememberCompleted | undefined
}

/** A correlation, checked as far as one can without the rest of the topology. */
export function correlationOf(id: string, key: Keys<string>, options: CorrelateOptions<string, string>): Correlation {
  checkText('the id of a correlation', id)
  if (isByName(key))
    for (const [side, each] of Object.entries(key)) checkKey(`the key of side "${side}" of "${id}"`, each)
  else checkKey(`the key of "${id}"`, key)
  checkOptions(`"${id}"`, options)
  const { of, keyName, optional, expireAfterMs, expireBy = 'eventTime', expireTo, rememberCompleted } = options
  const { whenFull = 'stop' } = options
  checkNames(`"of" of "${id}"`, of)
  if (optional !== undefined) {
    checkOptions(`the optional sides of "${id}"`, optional)
    checkNames(`"sides" of the optional sides of "${id}"`, optional.sides)
  }
  if (keyName !== undefined) checkText(`keyName of "${id}"`, keyName)
  return { id, key, keyName, of, optional, expireAfterMs, expireBy, expireTo, whenFull, rememberCompleted }
}
