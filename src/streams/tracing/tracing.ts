import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../logs/logger.ts'
import type { RunOptions } from '../options.ts'
import type { OpenTelemetryTracer } from './open-telemetry-tracer.ts'
import { TraceSampling } from './trace-sampling.ts'

/** Who follows traces, and which. */
export interface Tracing {
  readonly tracer: OpenTelemetryTracer
  readonly sampling: TraceSampling
  readonly clock: Clock
  readonly logger: Logger
}

/** Undefined where none is followed: there is no tracer, or the ratio is 0. */
export function tracingOf(
  tracer: OpenTelemetryTracer | undefined,
  { traceRatio }: Pick<RunOptions, 'traceRatio'>,
  { clock, logger }: Pick<Tracing, 'clock' | 'logger'>,
): Tracing | undefined {
  if (tracer === undefined || traceRatio === 0) return undefined
  return { tracer, sampling: new TraceSampling(traceRatio), clock, logger }
}
