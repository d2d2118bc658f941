import { AsyncLocalStorage } from 'node:async_hooks'
import { type Clock, systemClock } from '../../core/clock.ts'
import { StateError } from '../../core/errors.ts'
import { resolveOptions } from '../../core/options.ts'
import { type Random, systemRandom } from '../../core/random.ts'
import type { Codec, KeyCodec } from '../codec.ts'
import { TransactionConflict } from '../conflict.ts'
import { isAsStrong } from '../isolation.ts'
import { outerTooWeak, runInside } from '../nesting.ts'
import { sharedTransactionOptions } from '../options.ts'
import { waitToRetry } from '../retry.ts'
import { Connection } from './connection.ts'
import type { StoreHandle } from './messages.ts'
import { SharedTable, SharedTableRows } from './shared-table.ts'
import { type SharedIsolation, type SharedTransaction, ThreadTransaction } from './shared-transaction.ts'
import { SharedWords } from './shared-words.ts'
import { VersionPins } from './version-pins.ts'

/** How a transaction of a thread other than that of the store runs; it is optimistic. */
export interface SharedTransactionOptions {
  readonly isolation?: SharedIsolation
  readonly retriesMax?: number
  /** Ends waits, and lets the transaction fail with its reason before its commit is asked for. */
  readonly signal?: AbortSignal
}

/** What is used of the thread around it. */
export interface OpenStoreOptions {
  readonly clock?: Clock
  readonly random?: Random
}

type Body<Result> = (transaction: SharedTransaction) => Result | Promise<Result>

/**
 * Opens a store that another thread has made and shares. The memory model is told in `shared-words.ts`.
 *
 * @param handle - What `share` of the store has given.
 * @throws StateError `STATE_STORE_CLOSED` where the store or its thread is not there any more.
 * @throws StateError `STATE_READERS_EXCEEDED` where 63 other threads have opened it.
 */
export async function openStore(
  handle: StoreHandle,
  { clock = systemClock, random = systemRandom }: OpenStoreOptions = {},
): Promise<OpenedStore> {
  return new OpenedStore(await Connection.open(handle), { clock, random })
}

/** A store of another thread. Reads go to its memory without waiting for anybody, commits to its thread. */
export class OpenedStore {
  readonly #connection: Connection
  readonly #around: Required<OpenStoreOptions>
  readonly #words: SharedWords
  readonly #pins: VersionPins
  readonly #contexts = new AsyncLocalStorage<ThreadTransaction>()

  /** @internal */
  constructor(connection: Connection, around: Required<OpenStoreOptions>) {
    const { words, thread } = connection.opened
    this.#connection = connection
    this.#around = around
    this.#words = new SharedWords(words)
    this.#pins = new VersionPins(this.#words, thread)
  }

  /** The version of the last commit. */
  get version(): number {
    return this.#words.version
  }

  /**
   * A table of the store, with the codecs that it was made with.
   *
   * @throws StateError `STATE_TABLE_UNKNOWN` where it has no such table, or one with other codecs.
   */
  table<Key, Value>(
    name: string,
    { key: keys, value: values }: { readonly key: KeyCodec<Key>; readonly value: Codec<Value> },
  ): SharedTable<Key, Value> {
    const { tables, thread } = this.#connection.opened
    const place = tables.findIndex((table) => table.name === name)
    const offered = tables[place]
    if (offered === undefined) throw unknown(name, 'is not among those of the store')
    if (offered.keys !== keys.name || offered.values !== values.name)
      throw unknown(name, `has keys of ${offered.keys} and values of ${offered.values}`)
    return new SharedTable(new SharedTableRows(offered, { place, thread, keys, values }), this.#connection)
  }

  /**
   * Runs a function as one transaction, as `transact` of the store does, at `snapshot` or `serializable` isolation. One
   * that changes nothing commits without asking the thread of the store.
   *
   * @throws TransactionConflict `TRANSACTION_CONFLICT` when `retriesMax` is used up.
   * @throws StateError `STATE_STORE_CLOSED` where the thread of the store has ended.
   */
  transact<Result>(run: Body<Result>): Promise<Result>
  transact<Result>(options: SharedTransactionOptions, run: Body<Result>): Promise<Result>
  async transact<Result>(...args: [Body<Result>] | [SharedTransactionOptions, Body<Result>]): Promise<Result> {
    const [given, run] = args.length === 1 ? [{}, args[0]] : args
    const { signal, ...rest } = given
    const { isolation, retriesMax } = resolveOptions(sharedTransactionOptions, { given: rest })
    const outer = this.#contexts.getStore()
    if (outer?.isOpen === true) {
      if (!isAsStrong(outer.isolation, isolation)) throw outerTooWeak({ isolation })
      return runInside(outer, async () => run(outer))
    }
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted()
      try {
        return await this.#attempt(isolation, run, signal)
      } catch (error) {
        if (!(error instanceof TransactionConflict) || attempt === retriesMax) throw error
      }
      await waitToRetry(attempt, this.#around, signal)
    }
  }

  /** Lets go what it reads. Transactions that still run fail with `STATE_STORE_CLOSED`. */
  close(): void {
    this.#connection.close()
  }

  async #attempt<Result>(
    isolation: SharedIsolation,
    run: Body<Result>,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    const { operationsMax } = this.#connection.opened
    this.#connection.checkOpen()
    const start = this.#pins.pinLatest()
    const transaction = new ThreadTransaction(start, { isolation, operationsMax, connection: this.#connection })
    try {
      const result = await this.#contexts.run(transaction, async () => run(transaction))
      signal?.throwIfAborted()
      transaction.checkInside()
      const uses = transaction.uses()
      // The pin is needed until the answer is there: what was deleted since the start has to be told from what never was.
      if (uses.length > 0) await this.#connection.commit({ start, uses })
      return result
    } finally {
      transaction.end()
      this.#pins.unpin(start)
    }
  }
}

function unknown(table: string, why: string): StateError {
  return new StateError('STATE_TABLE_UNKNOWN', `table ${table} ${why}: open it as it was made`, { table })
}
