// Two copies of the package in one process must still recognise each other's.
const brand = Symbol.for('millrace.permanentFailure')

/**
 * What a function throws, or rejects with, when no further attempt can help: the record becomes a dead letter at once,
 * with this message as its cause. It is a verdict on the record, so it does not count as a failure of the stage.
 *
 * @example
 * stage({ part: async ({ customer }) => (await find(customer)) ?? Promise.reject(new PermanentFailure('no such
 * customer')) })
 */
export class PermanentFailure extends Error {
  readonly [brand] = true
  override readonly name = 'PermanentFailure'

  static is(value: unknown): value is PermanentFailure {
    return typeof value === 'object' && value !== null && brand in value
  }
}
