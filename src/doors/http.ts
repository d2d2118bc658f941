/** `millrace/http`: metrics, health and the dashboard of a program. */
import '../core/checked-node.ts'
export { type ErrorCode, type ErrorDetails, MillraceError } from '../core/errors.ts'
export { Secret } from '../core/secret.ts'
export {
  type AppServer,
  type InstrumentOptions,
  type MetricsOptions,
  observeMetrics,
  type OpenTelemetryMeter,
  type PrometheusRegistry,
  registerMetrics,
  serve,
  type ServeOptions,
} from '../http/index.ts'
