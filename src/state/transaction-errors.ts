import { StateError } from '../core/errors.ts'

export function transactionEnded(): StateError {
  return new StateError('TRANSACTION_ENDED', 'a transaction was used after its end: await all that its function begins')
}

/** @param does - What it does too often, and with what: `locks`, `keys`. */
export function transactionTooLarge(does: string, withWhat: string, operationsMax: number): StateError {
  const message = `a transaction ${does} more than ${operationsMax} ${withWhat}: split it, or raise operationsMax`
  return new StateError('TRANSACTION_TOO_LARGE', message, { operationsMax })
}
