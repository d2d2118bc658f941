import type { Clock } from '../../../core/clock.ts'
import type { Random } from '../../../core/random.ts'
import type { Logger } from '../../logs/logger.ts'
import type { TraceSampling } from '../trace-sampling.ts'
import type { Tracing } from '../tracing.ts'
import { EncodedSpans } from './encoded-spans.ts'
import { type OtlpSettings, otlpTargetOf } from './otlp-settings.ts'
import { SpanExporter } from './span-exporter.ts'

export interface OtlpTracingParts {
  readonly app: string
  readonly options: OtlpSettings
  readonly sampling: TraceSampling
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/**
 * Has a collector told of merges.
 *
 * @throws ConfigError `CONFIG_INVALID_VALUE` for one that cannot be one.
 */
export function otlpTracing({ app, options, sampling, clock, random, logger }: OtlpTracingParts): Tracing {
  const exporter = new SpanExporter({ target: otlpTargetOf(app, options, clock), clock, random, logger, app })
  return {
    sampling,
    spansOf: (names) => new EncodedSpans(exporter, names, clock, random),
    get exported() {
      return exporter.exported
    },
    flush: () => exporter.flush(),
  }
}
