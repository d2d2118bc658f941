import type { Redriven } from '../redrive/redriven-fates.ts'
import type { Layout } from '../topology/layout.ts'
import type { Origin } from '../topics/source-partitions.ts'
import type { GoneParts } from '../admin/gone-records.ts'
import type { DeadLetter } from '../admin/dead-letter-reader.ts'
import type { EarlierRecord } from './earlier.ts'
import type { OnwardRecord } from './onward.ts'

/** A record, and the time that it bears, in milliseconds since 1970. */
export interface RecordPlace extends Origin {
  readonly timestampMs: number
}

/** A pending part, by the record that it is from. */
export interface PendingPart extends RecordPlace {
  readonly side: string
}

/** The pending parts of a key. */
export interface PendingKey {
  readonly parts: readonly PendingPart[]
  /** Sides that have not come. */
  readonly missing: readonly string[]
  /** When the parts leave without the others; absent where they never expire. */
  readonly expires?: { readonly atMs: number; readonly by: 'eventTime' | 'processingTime' }
}

/** A record that was published of a key, and where in the sources its parts came from. */
export interface PublishedRecord extends RecordPlace {
  readonly parts: readonly (Origin & { readonly side: string })[]
  /** Sides that had not come when the others were merged without them, or expired. */
  readonly missing: readonly string[]
  /** Whether a side is missing that is not optional. */
  readonly isExpired: boolean
}

/** What has become of the records of one merge key. A key that was merged may come again. */
export interface Explanation {
  readonly app: string
  /** The topics that the application reads. */
  readonly sources: readonly string[]
  /** As JSON. */
  readonly key: string
  readonly pending?: PendingKey
  /**
   * Pending parts whose records are gone from their source, of whatever keys: there may be some of this one among them.
   * Absent where there are none.
   */
  readonly goneParts?: readonly GoneParts[]
  /** Records of the key that are in the sources and were not consumed yet; absent where there are none. */
  readonly unread?: readonly RecordPlace[]
  /** There where the key has been merged, and what comes of it is a duplicate for that. */
  readonly isRemembered?: true
  /**
   * Where partitions begin that were not read from offset 0; records before that are not looked at. Absent where all were.
   */
  readonly startedAt?: readonly Origin[]
  /** The layout that the program has left, and that has consumed what is before; absent where there is none. */
  readonly layoutBefore?: Layout
  readonly published: readonly PublishedRecord[]
  /** In full those that hold the record; one by reference has no key to be found by. */
  readonly deadLetters: readonly ExplainedLetter[]
  /**
   * What those of its records were merged of that the subtopology before has published; absent where none is before it.
   */
  readonly earlier?: readonly EarlierRecord[]
  /** What became of what was published in the subtopology that reads it; absent where none does. */
  readonly onward?: readonly OnwardRecord[]
}

/** A dead letter, and what has become of it where it was redriven. */
export interface ExplainedLetter extends RecordPlace {
  readonly letter: DeadLetter
  readonly redriven?: Redriven
}
