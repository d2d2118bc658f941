/** `millrace/state`: tables that change by transactions. */
import '../core/checked-node.ts'
export type { Clock, Timer } from '../core/clock.ts'
export { type ErrorCode, type ErrorDetails, MillraceError } from '../core/errors.ts'
export type { Random } from '../core/random.ts'
export {
  bytes,
  type Change,
  type Codec,
  type Commit,
  type Isolation,
  json,
  keptIn,
  type KeptActorSpec,
  type KeyCodec,
  type LockingTransaction,
  number,
  type OpenedStore,
  openStore,
  type OpenStoreOptions,
  type PessimisticOptions,
  type Range,
  type ScanOptions,
  type SharedIsolation,
  type SharedTable,
  type SharedTransaction,
  type SharedTransactionOptions,
  Store,
  type StoreHandle,
  type StoreOptions,
  type Table,
  type TableOptions,
  type TableSnapshot,
  text,
  type Transaction,
  TransactionConflict,
  type TransactionOptions,
  type ZoneOf,
} from '../state/index.ts'
