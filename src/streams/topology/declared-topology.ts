import type { Aggregation } from './aggregation.ts'
import type { Branch } from './branch.ts'
import type { Correlation } from './correlation.ts'
import type { MergedStep } from './merged-step.ts'
import type { Sink } from './sink.ts'
import type { Source } from './source.ts'
import type { PlannedLayout } from './layout.ts'
import type { DeclaredTable } from './table.ts'

/**
 * A topology as data: inert, checked by `plan` before anything starts. `Output` is the type of what it publishes,
 * `Expired` that of rows that have expired. One with several correlations is a chain of subtopologies, each of which has
 * one; this is the first of them.
 */
export interface Topology<Output = unknown, Expired = unknown> extends PlannedLayout {
  readonly kind: 'topology'
  readonly name: string
  /** Tables that the functions before its merge use. */
  readonly tables: readonly DeclaredTable[]
  /** In declared order. */
  readonly sources: readonly Source[]
  readonly correlate: Correlation
  /** What becomes of the records of its one source by key and window; undefined where sides are merged. */
  readonly aggregation: Aggregation | undefined
  /** Filters and maps between correlation and sink, in their order. */
  readonly steps: readonly MergedStep[]
  /** What chooses among several sinks. */
  readonly branch: Branch | undefined
  /** In declared order; one without a branch. */
  readonly sinks: readonly Sink[]
  /** The subtopology whose first source is the one sink of this one; undefined for the last one. */
  readonly next: Topology | undefined
  /** Never there; they carry the types of what the sink and `expireTo` get. */
  readonly output?: Output
  readonly expired?: Expired
}
