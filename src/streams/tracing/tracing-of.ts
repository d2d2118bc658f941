import { type Clock, systemClock } from '../../core/clock.ts'
import { type Random, systemRandom } from '../../core/random.ts'
import type { Logger } from '../logs/logger.ts'
import type { RunOptions } from '../options.ts'
import type { OpenTelemetryTracer } from './open-telemetry-tracer.ts'
import { TraceSampling } from './trace-sampling.ts'
import { TracerSpans } from './tracer-spans.ts'
import type { Tracing } from './tracing.ts'

export interface TracingParts {
  /** Name of the program. */
  readonly app: string
  readonly tracer?: OpenTelemetryTracer | undefined
  readonly options: Pick<
    RunOptions,
    'traceRatio' | 'otlpEndpoint' | 'otlpHeaders' | 'otlpCompression' | 'serviceName' | 'resourceAttributes'
  >
  readonly clock?: Clock | undefined
  readonly random?: Random
  readonly logger: Logger
}

/**
 * Undefined where no trace is followed: the ratio is 0, or there is neither a tracer nor a collector. A tracer comes
 * first: variables of the environment are for its SDK then.
 *
 * @throws ConfigError `CONFIG_INVALID_VALUE` for a collector that cannot be one.
 */
export async function tracingOf(parts: TracingParts): Promise<Tracing | undefined> {
  const { app, tracer, options, clock = systemClock, random = systemRandom, logger } = parts
  if (options.traceRatio === 0) return undefined
  const sampling = new TraceSampling(options.traceRatio)
  if (tracer !== undefined) {
    return { sampling, spansOf: (names) => new TracerSpans({ tracer, clock, logger }, names) }
  }
  const { otlpEndpoint } = options
  if (otlpEndpoint === undefined) return undefined
  // Who exports nothing does not load what exports.
  const { otlpTracing } = await import('./otlp/otlp-tracing.ts')
  return otlpTracing({ app, options: { ...options, otlpEndpoint }, sampling, clock, random, logger })
}
