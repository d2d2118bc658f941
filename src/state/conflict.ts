import { StateError } from '../core/errors.ts'

/** Why a transaction could not commit: another one was faster. */
export class TransactionConflict extends StateError {
  /** @param table - The table of the row that was changed, or is locked, by another transaction. */
  constructor(table: string, key: unknown, why: string) {
    const at = key === undefined ? `table ${table}` : keyText(table, key)
    super('TRANSACTION_CONFLICT', `a transaction cannot commit: ${at} ${why}`, { table })
  }
}

/** Names a row in an error message. */
export function keyText(table: string, key: unknown): string {
  const text = key instanceof Uint8Array ? Buffer.from(key).toString('hex') : JSON.stringify(key)
  return `key ${text} of table ${table}`
}
