import { TopologyError } from '../../core/errors.ts'
import type { RecordColumns } from '../../kernel/index.ts'

/** What `ask` gives for a row that needs no result, or has it. */
export const alreadySettled = Symbol('already settled')

/** A user's function, as it meets the rows of a batch. */
export interface RowFunction {
  readonly columns: RecordColumns
  /**
   * Resolves when `ask` has what becomes of rows: of those that are to be tried again, or without any of all that it
   * has not asked for yet. Absent where the function is called here.
   */
  prepare?(again: readonly number[] | undefined, signal: AbortSignal): Promise<void>
  /** Whether the function is to see a row. */
  concerns(row: number): boolean
  /**
   * Calls the function, and gives its result or a promise of it, or `alreadySettled`. Throws what the function throws,
   * which is its last word on a row; what a promise is rejected with is tried again.
   */
  ask(row: number): unknown
  /** Takes a result in. */
  accept(row: number, made: unknown): void
  /**
   * Keeps JSON that was made of some rows on another thread, and says where it begins among all that is kept. Absent
   * where the function makes no JSON.
   */
  keepMade?(json: Uint8Array): number
  /** Takes in what was made of a row on another thread, which is kept from `start` to `end`. */
  acceptMade?(row: number, start: number, end: number): void
  /** Makes a dead letter of a row. */
  giveUp(row: number, cause: unknown): void
}

/** Promises of other libraries count as well. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** Fails for a promise where nobody waits for one. */
export function refusePromise(operator: string, promise: PromiseLike<unknown>): never {
  Promise.resolve(promise).catch(() => {})
  throw new TopologyError('TOPOLOGY_INVALID', `the function of "${operator}" returns a promise`, { operator })
}

/** What an error, or whatever was thrown, says. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
