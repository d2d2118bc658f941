export { keptIn, type KeptActorSpec } from './actor-state.ts'
export type { Change, Commit } from './change-feed.ts'
export { bytes, type Codec, json, type KeyCodec, number, text } from './codec.ts'
export { TransactionConflict } from './conflict.ts'
export type { Isolation } from './isolation.ts'
export type { LockingTransaction } from './locking-transaction.ts'
export { sharedTransactionOptions, storeOptions, tableOptions, transactionOptions } from './options.ts'
export type { Range, ScanOptions } from './range.ts'
export type { StoreHandle } from './sharing/messages.ts'
export {
  type OpenedStore,
  openStore,
  type OpenStoreOptions,
  type SharedTransactionOptions,
} from './sharing/opened-store.ts'
export type { SharedTable } from './sharing/shared-table.ts'
export type { SharedIsolation, SharedTransaction } from './sharing/shared-transaction.ts'
export type { TableSnapshot } from './snapshot.ts'
export {
  type PessimisticOptions,
  Store,
  type StoreOptions,
  type TableOptions,
  type TransactionOptions,
} from './store.ts'
export { loadRow, type Table, visitRows } from './table.ts'
export type { RowBytes } from './table-rows.ts'
export type { Transaction } from './transaction-view.ts'
export type { ZoneOf } from './zone-map.ts'
