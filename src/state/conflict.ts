import { StateError } from '../core/errors.ts'

/** Why a transaction could not commit: another one was faster. */
export class TransactionConflict extends StateError {
  /** @internal */
  readonly over: ConflictOver

  /** @param over - The row that was changed, or is locked, by another transaction. */
  constructor(over: ConflictOver) {
    const { table, key, why } = over
    const at = key === undefined ? `table ${table}` : keyText(table, key)
    super('TRANSACTION_CONFLICT', `a transaction cannot commit: ${at} ${why}`, { table })
    this.over = over
  }
}

/** What a transaction has met: a row, or a table where no single row tells. */
export interface ConflictOver {
  readonly table: string
  readonly key: unknown
  readonly why: string
}

export function changedSince({ table, key }: Pick<ConflictOver, 'table' | 'key'>): TransactionConflict {
  return new TransactionConflict({ table, key, why: 'was changed by another transaction' })
}

/** Names a row in an error message. */
export function keyText(table: string, key: unknown): string {
  const text = key instanceof Uint8Array ? Buffer.from(key).toString('hex') : JSON.stringify(key)
  return `key ${text} of table ${table}`
}
