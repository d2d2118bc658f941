import { type ErrorDetails, StateError } from '../core/errors.ts'

/** Runs a function as a part of a transaction, which then fails as a whole where the part fails. */
export function runInside<Result>(outer: { failInside(error: unknown): void }, run: () => Result): Result {
  try {
    const result = run()
    if (!(result instanceof Promise)) return result
    return result.catch((error: unknown) => {
      outer.failInside(error)
      throw error
    }) as Result
  } catch (error) {
    outer.failInside(error)
    throw error
  }
}

export function outerTooWeak(needed: ErrorDetails): StateError {
  const message = 'a transaction within another one needs its mode, and an isolation that is no stronger'
  return new StateError('TRANSACTION_NESTED', message, needed)
}
