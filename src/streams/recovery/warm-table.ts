import type { PendingTable } from '../../kernel/index.ts'
import type { Manifest } from '../checkpoint/manifest.ts'

/** A table with all parts that were pending when the epoch of its manifest had ended. */
export interface WarmTable {
  readonly table: PendingTable
  readonly manifest: Manifest
}
