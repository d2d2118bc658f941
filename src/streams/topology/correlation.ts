import type { Field } from './field.ts'
import type { Key } from './key.ts'
import type { Stage } from './stage.ts'
import type { Stages } from './source.ts'
import { kindOf } from '../../core/kind-of.ts'
import {
  checkKey,
  checkNames,
  checkObject,
  checkOptions,
  checkText,
  invalid,
  isByName,
  isKind,
  type OptionNames,
} from './topology-checks.ts'

/** Which parts make one record, and how long a key may be incomplete. */
export interface CorrelateOptions<
  Name extends string,
  Optional extends Name = never,
  List extends Name = never,
  AtLeast extends number | undefined = undefined,
> {
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
  /**
   * Merges as soon as so many of the sides are there, without the others; 2 at least. A part that comes after its merge
   * is as that of an optional side is. Not together with `optional` and `collect`. @defaultValue all sides are needed
   */
  readonly atLeast?: AtLeast
  /**
   * Sides of which the last part before the merge counts. The one before is `superseded`. @defaultValue the first part
   * counts, and further ones are duplicates
   */
  readonly latest?: readonly Name[]
  /**
   * Sides of which the merged record has a list of parts, in the order of their partitions and offsets, 1,000 at most.
   * @defaultValue a side has one part
   */
  readonly collect?: { readonly [Side in List]: ListOptions<Name> }
  /** Milliseconds by the timestamp of its oldest part after which an incomplete row leaves. @defaultValue never */
  readonly expireAfterMs?: number
  /**
   * What the deadline is compared with: the time that the records themselves tell, which stands while none come, or the
   * time of day. @defaultValue `eventTime`
   */
  readonly expireBy?: 'eventTime' | 'processingTime'
  /**
   * Topic for the parts of a row that has expired, in one record like a merged one whose header `millrace.missing` names
   * the sides that have not come. Or a topic for each of some sides: the first missing side that has one decides, in
   * the order of `of`. @defaultValue the dead-letter topic
   */
  readonly expireTo?: string | { readonly [Each in Name]?: string }
  /**
   * What happens when pending parts and remembered keys take `pendingBytesMax`: the program stops with `TABLE_FULL`, or
   * the oldest incomplete rows, by the timestamps of their parts, leave as if they had expired; their dead letters have
   * the reason `EVICTED`. Or they are promoted out of memory: they stay pending, are read again from the source or the
   * checkpoint when a part of theirs comes, and no more is kept in memory than where they are. @defaultValue `stop`
   */
  readonly whenFull?: WhenFull
  /**
   * Makes a part a duplicate that comes after its key has been merged, where it would begin a new row else.
   * @defaultValue a key that has been merged is forgotten
   */
  readonly rememberCompleted?: RememberCompleted
}

const optionNames: OptionNames<CorrelateOptions<string>> = {
  of: true,
  keyName: true,
  optional: true,
  atLeast: true,
  latest: true,
  collect: true,
  expireAfterMs: true,
  expireBy: true,
  expireTo: true,
  whenFull: true,
  rememberCompleted: true,
}

/** What happens where the pending table has no room for a part. */
export type WhenFull = 'stop' | 'expire-oldest' | 'promote'

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

/** When a list of parts is full: a merge waits for that, as it does for the part of another side. */
export interface ListOptions<Name extends string> {
  /**
   * How many parts it has: a number, 2 at least, or where a part of another side, which is neither `latest` nor a list
   * itself, tells it. @defaultValue any number that comes before `optional.withinMs` have passed, so the side is optional
   */
  readonly count?: number | CountField<Name>
}

/** A field of the part of a side that tells how many parts a list has. */
export interface CountField<Name extends string> {
  readonly side: Name
  /** In the part, not in the record. */
  readonly field: Field
}

/** How long keys that have been merged are remembered. Each takes memory, and a place in the checkpoint. */
export interface RememberCompleted {
  /** Milliseconds since the merge, at least, by the clock of `expireBy`. */
  readonly forMs: number
  /**
   * How many, at most: of more, those that were merged last. Where tasks share the work each remembers an equal share of
   * them. @defaultValue 1,000,000
   */
  readonly keysMax?: number
}

/**
 * The record a topology publishes: the key and, by name, the parts of all sides. Of a list there are always some, of
 * other optional sides not.
 */
export type Merged<
  AllStages extends Stages,
  Side extends keyof AllStages,
  Optional extends Side = never,
  List extends Side = never,
> = [Exclude<Optional, List>] extends [never]
  ? Parts<AllStages, Side, List>
  : Parts<AllStages, Exclude<Side, Exclude<Optional, List>>, List> &
      Partial<Parts<AllStages, Exclude<Optional, List>, List>>

type Parts<AllStages extends Stages, Side extends keyof AllStages, List> = {
  readonly [Name in Side]: AllStages[Name] extends Stage<infer Part>
    ? Name extends List
      ? readonly Part[]
      : Part
    : never
}

/**
 * What a row has that has expired: the key and, by name, the parts that have come. Where each side is needed or optional,
 * it lacks one at least that is needed.
 */
export type Expired<
  AllStages extends Stages,
  Side extends keyof AllStages,
  Optional extends Side = never,
  List extends Side = never,
  AtLeast = undefined,
> = [List, AtLeast] extends [never, undefined]
  ? Lacking<AllStages, Side, Exclude<Side, Optional>>
  : Partial<Parts<AllStages, Side, List>>

/** One of these, for each side that is needed. */
type Lacking<AllStages extends Stages, Side extends keyof AllStages, Needed extends Side> = {
  [Missing in Needed]: Partial<Parts<AllStages, Exclude<Side, Missing>, never>> & { readonly [Each in Missing]?: never }
}[Needed]

/** The merge key of every side, or of each side by its name. */
export type Keys<Side extends string> = Key | { readonly [Name in Side]: Key }

/** A correlation as data. */
export interface Correlation {
  readonly id: string
  readonly key: Keys<string>
  readonly keyName: string | undefined
  readonly of: readonly string[]
  readonly optional: OptionalSides<string> | undefined
  readonly atLeast: number | undefined
  readonly latest: readonly string[]
  readonly collect: Readonly<Record<string, ListOptions<string>>>
  readonly expireAfterMs: number | undefined
  readonly expireBy: 'eventTime' | 'processingTime'
  readonly expireTo: string | Readonly<Record<string, string>> | undefined
  readonly whenFull: WhenFull
  readonly rememberCompleted: RememberCompleted | undefined
}

/** A correlation, checked as far as one can without the rest of the topology. */
export function correlationOf(
  id: string,
  key: Keys<string>,
  options: CorrelateOptions<string, string, string, number | undefined>,
): Correlation {
  checkText('the id of a correlation', id)
  if (isByName(key))
    for (const [side, each] of Object.entries(key)) checkKey(`the key of side "${side}" of "${id}"`, each)
  else checkKey(`the key of "${id}"`, key)
  checkOptions(`"${id}"`, options, optionNames)
  const { of, keyName, optional, atLeast, latest = [], collect = {} } = options
  const { expireAfterMs, expireBy = 'eventTime', expireTo, rememberCompleted } = options
  const { whenFull = 'stop' } = options
  checkNames(`"of" of "${id}"`, of)
  if (optional !== undefined) {
    checkOptions<OptionalSides<string>>(`the optional sides of "${id}"`, optional, { sides: true, withinMs: true })
    checkNames(`"sides" of the optional sides of "${id}"`, optional.sides)
  }
  checkNames(`"latest" of "${id}"`, latest)
  checkObject(`the lists of "collect" of "${id}"`, collect)
  for (const [side, list] of Object.entries(collect)) {
    checkOptions<ListOptions<string>>(`"collect" of "${id}" for side "${side}"`, list, { count: true })
    if (typeof list.count === 'object') checkCountField(`the count of side "${side}" of "${id}"`, list.count)
  }
  if (rememberCompleted !== undefined) {
    const names = { forMs: true, keysMax: true } as const
    checkOptions<RememberCompleted>(`rememberCompleted of "${id}"`, rememberCompleted, names)
  }
  if (expireTo !== undefined) checkExpireTo(id, expireTo)
  if (keyName !== undefined) checkText(`keyName of "${id}"`, keyName)
  const leaving = {
    expireAfterMs,
    expireBy,
    expireTo: expireTo as Correlation['expireTo'],
    whenFull,
    rememberCompleted,
  }
  return { id, key, keyName, of, optional, atLeast, latest, collect, ...leaving }
}

function checkCountField(what: string, { side, field }: CountField<string>): void {
  checkText(`the side of ${what}`, side)
  if (!isKind(field, 'field')) throw invalid(`the field of ${what} is ${kindOf(field)}, where field("…") belongs`)
}

/** The topics that expired rows go to, each once. */
export function topicsExpiredTo({ expireTo }: Pick<Correlation, 'expireTo'>): string[] {
  if (expireTo === undefined) return []
  return typeof expireTo === 'string' ? [expireTo] : [...new Set(Object.values(expireTo))]
}

function checkExpireTo(id: string, expireTo: unknown): void {
  if (typeof expireTo !== 'object') return checkText(`expireTo of "${id}"`, expireTo)
  checkObject(`the topics of expireTo of "${id}"`, expireTo)
  for (const [side, topic] of Object.entries(expireTo)) checkText(`expireTo of side "${side}" of "${id}"`, topic)
}
