import { StateError } from '../core/errors.ts'
import { kindOf } from '../core/kind-of.ts'

export function transactionEnded(): StateError {
  return new StateError('TRANSACTION_ENDED', 'a transaction was used after its end: await all that its function begins')
}

/** Of what a transaction was given in place of a table of its store. */
export function unknownTable(given: unknown): StateError {
  const name: unknown = Object(given).name
  const what = typeof given === 'object' && typeof name === 'string' ? `table ${name}` : kindOf(given)
  const message = `${what} is no table of the store of its transaction: work with each store in transactions of its own`
  return new StateError('STATE_TABLE_UNKNOWN', message, typeof name === 'string' ? { table: name } : {})
}

/** @param does - What it does too often, and with what: `locks`, `keys`. */
export function transactionTooLarge(does: string, withWhat: string, operationsMax: number): StateError {
  const message = `a transaction ${does} more than ${operationsMax} ${withWhat}: split it, or raise operationsMax`
  return new StateError('TRANSACTION_TOO_LARGE', message, { operationsMax })
}
