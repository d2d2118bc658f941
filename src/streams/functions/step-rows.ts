import type { PartitionPlace } from '../topics/source-partitions.ts'
import type { FunctionValues } from './function-values.ts'
import type { RowFunction } from './row-function.ts'

/** What the function of a step knows of a batch. */
export interface StepFacts<Apply> {
  readonly apply: Apply
  readonly values: FunctionValues
  /** Which partition the batch is of. */
  readonly place: PartitionPlace
}

/** The records of a batch, as a step on the way to the route meets them. */
export interface StepRows extends RowFunction {
  /** All rows are settled: what was made of them takes effect. */
  finish(): void
}
