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
export interface SliceMessage {
  readonly type: 'slice'
  /** Tells slices of a worker apart. */
  readonly slice: number
  /** Index of the function in the worker's setup. */
  readonly function: number
  readonly count: number
  readonly bytes: Uint8Array
  /** Number of the source partition, and the place that it stands for. */
  readonly partition: number
  readonly place: PartitionPlace
  /** Where records were before, by their offsets now. */
  readonly origins: ReadonlyMap<number, RecordOrigin> | undefined
  readonly reply: Reply<SliceAnswer>
}
