import type { Inspection } from '../../streams/index.ts'
import { type Readiness, type ReadinessBounds, readinessOf } from '../health.ts'
import type { ProcessReading } from '../process-readings.ts'

/** What metrics are read from. */
export interface MetricsView {
  readonly inspection: Inspection
  /** With that of the subtopologies after it. */
  readonly readiness: Readiness
  readonly process: ProcessReading
  /** Of the subtopology that reads the merged records; absent where they are what the program publishes. */
  readonly next?: MetricsView
}

export function metricsView(inspection: Inspection, process: ProcessReading, bounds: ReadinessBounds): MetricsView {
  const { next } = inspection
  return {
    inspection,
    readiness: readinessOf(inspection, bounds),
    process,
    ...(next && { next: metricsView(next, process, bounds) }),
  }
}

/** What an instrument is read from: each subtopology, or the first one for what the process has as a whole. */
export function viewsOf(view: MetricsView, { isOfProcess = false }: { readonly isOfProcess?: boolean }): MetricsView[] {
  return isOfProcess || view.next === undefined ? [view] : [view, ...viewsOf(view.next, {})]
}
