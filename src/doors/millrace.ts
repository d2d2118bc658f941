/** `millrace`: what a program is made of, runs with and can meet. */
export type { Clock, Timer } from '../core/clock.ts'
export { type ErrorCode, type ErrorDetails, MillraceError } from '../core/errors.ts'
export { Secret } from '../core/secret.ts'
export type { PasswordSasl, SaslOptions, TlsOptions, TokenProvider, TokenSasl } from '../kafka/index.ts'
export {
  type App,
  audit,
  type AuditReport,
  explain,
  type Explanation,
  field,
  type Field,
  type Json,
  type LogFacts,
  type Logger,
  type Merged,
  type PartitionAccount,
  PermanentFailure,
  type RecordOrigin,
  type Report,
  reset,
  stage,
  type Stage,
  type StageOptions,
  start,
  type StartOptions,
  topology,
  type Topology,
} from '../streams/index.ts'
