import type { Reply } from '../../actors/index.ts'
import type { RecordOrigin } from '../../kernel/index.ts'
import type { PartitionPlace } from '../topics/source-partitions.ts'
import type { SliceAnswer } from './outcomes.ts'
import type { WorkerFunction } from './worker-function.ts'

/** What a worker is made of. */
export interface WorkerSetup {
  readonly functions: readonly WorkerFunction[]
  /** @see WorkerProgress */
  readonly progress: SharedArrayBuffer
}

/** Asks for what the function of an operator makes of the rows of a slice. */
export interface SliceOrder {
  /** Tells slices of a worker apart. */
  readonly slice: number
  /** Index of the function in the worker's setup. */
  readonly function: number
  /** Where the slice begins among the bytes of all. */
  readonly start: number
  readonly count: number
  /** Number of the source partition, and the place that it stands for. */
  readonly partition: number
  readonly place: PartitionPlace
  /** Where records were before, by their offsets now. */
  readonly origins: ReadonlyMap<number, RecordOrigin> | undefined
}

/** Slices that a worker is to do one after the other. */
export interface SlicesMessage {
  readonly type: 'slices'
  readonly slices: readonly SliceOrder[]
  readonly bytes: Uint8Array
  /** How many of the bytes the slices take: what becomes of them goes behind. */
  readonly length: number
  readonly reply: Reply<SlicesAnswer>
}

/** What comes back for them, in their order. */
export interface SlicesAnswer {
  readonly answers: readonly SliceAnswer[]
  /** Those of the slices, or others where they had no room. */
  readonly bytes: Uint8Array
}
