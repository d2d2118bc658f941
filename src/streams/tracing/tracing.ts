import type { MergeSpanNames } from './merge-span.ts'
import type { MergeSpans } from './merge-spans.ts'
import type { Exported } from './otlp/span-exporter.ts'
import type { TraceSampling } from './trace-sampling.ts'

/** Which traces are followed, and who is told of merges. One for all terms of a process. */
export interface Tracing {
  readonly sampling: TraceSampling
  /** Makes what the merges of a program are told with. */
  spansOf(names: MergeSpanNames): MergeSpans
  /** What was exported; absent where a tracer of the user's is told. */
  readonly exported?: Exported | undefined
  /** Sends what is still to be sent, as far as that is possible within some seconds. */
  flush?(): Promise<void>
}
