import { AsyncLocalStorage } from 'node:async_hooks'
import { type Clock, systemClock } from '../core/clock.ts'
import { ConfigError, StateError } from '../core/errors.ts'
import { kindOf } from '../core/kind-of.ts'
import { type GivenOptions, type OptionValues, resolveOptions } from '../core/options.ts'
import { type Random, systemRandom } from '../core/random.ts'
import type { Commit } from './change-feed.ts'
import { checkCodecs, type Codec, type KeyCodec } from './codec.ts'
import { Commits } from './commits.ts'
import { changedSince, TransactionConflict } from './conflict.ts'
import { isAsStrong, type Isolation } from './isolation.ts'
import { LockingTransaction } from './locking-transaction.ts'
import { outerTooWeak, runInside } from './nesting.ts'
import { storeOptions, synchronousTransactionOptions, tableOptions, transactionOptions } from './options.ts'
import { waitToRetry } from './retry.ts'
import { Committer } from './sharing/committer.ts'
import { offerStore } from './sharing/offered-stores.ts'
import type { StoreHandle } from './sharing/messages.ts'
import { Table } from './table.ts'
import { TableRows } from './table-rows.ts'
import { OptimisticTransaction } from './transaction.ts'
import type { Transaction } from './transaction-view.ts'
import type { ZoneOf } from './zone-map.ts'

/** What a store keeps, and what it uses of the process around it. */
export type StoreOptions = GivenOptions<typeof storeOptions> & {
  /** Time that waits go by; that of the system by default. */
  readonly clock?: Clock
  /** Chance that hashes are seeded by, and waits are spread; that of the system by default. */
  readonly random?: Random
}

/** What keys and values of a table are, whether it has an order, and how large it may get. */
export type TableOptions<Key, Value, Zone extends string = never> = GivenOptions<typeof tableOptions> & {
  readonly key: KeyCodec<Key>
  readonly value: Codec<Value>
  /** Numbers that rows can be looked up by, by name: see `Table.where`. Each gives the same for the same value. */
  readonly zones?: Readonly<Record<Zone, ZoneOf<Value>>>
}

/** How a transaction runs. Its isolation is `serializable` unless it says otherwise. */
export interface TransactionOptions {
  readonly isolation?: Isolation
  readonly mode?: 'optimistic'
  readonly retriesMax?: number
  /** Ends waits, and lets the transaction fail with its reason before it commits. */
  readonly signal?: AbortSignal
}

/** How a transaction runs that locks what it uses. It is serializable. */
export interface PessimisticOptions {
  readonly mode: 'pessimistic'
  readonly retriesMax?: number
  readonly lockWaitMs?: number
  readonly signal?: AbortSignal
}

type AnyTransaction = OptimisticTransaction | LockingTransaction
type Resolved = OptionValues<typeof transactionOptions>
type Body<Result> = (transaction: Transaction) => Result

const defaults = resolveOptions(synchronousTransactionOptions, {})

/**
 * Tables that change together. What they hold ends with the thread that has made the store. Other threads use it where
 * it is `shared`: see `share`.
 *
 * State: its tables, and the transaction that runs now, either synchronously or by the asynchronous context.
 */
export class Store {
  readonly #options: OptionValues<typeof storeOptions>
  readonly #clock: Clock
  readonly #random: Random
  readonly #commits: Commits
  readonly #committer: Committer | undefined
  readonly #tables = new Map<string, Table<never, never>>()
  readonly #contexts = new AsyncLocalStorage<AnyTransaction>()
  #running: OptimisticTransaction | undefined
  #openCount = 0

  constructor({ clock = systemClock, random = systemRandom, ...given }: StoreOptions = {}) {
    this.#options = resolveOptions(storeOptions, { given })
    this.#clock = clock
    this.#random = random
    this.#commits = new Commits({ clock, changesMax: this.#options.changesMax, isShared: this.#options.shared })
    const { threadPins } = this.#commits
    if (threadPins !== undefined)
      this.#committer = new Committer(this.#commits, threadPins, this.#options.operationsMax)
  }

  /** The version of the last commit: how many there have been. */
  get version(): number {
    return this.#commits.version
  }

  /** Versions of rows that are kept for snapshots and running transactions alone. */
  get keptVersions(): number {
    return this.#commits.keptVersions
  }

  /**
   * Gives what other threads open the store by, with `openStore`: plain data, for as many as are to have it. They see
   * the tables that there are when they open it.
   *
   * @throws StateError `STATE_NOT_SHARED` where the store was made without `shared`.
   */
  share(): StoreHandle {
    if (this.#committer === undefined)
      throw new StateError('STATE_NOT_SHARED', 'a store of one thread cannot be shared: make it with shared: true')
    return offerStore(this.#committer)
  }

  /**
   * Makes a table.
   *
   * @throws StateError `STATE_TABLE_EXISTS` where the store has a table of that name.
   * @throws ConfigError `CONFIG_INVALID_VALUE` for a name that is none or empty, an option out of its range, and for
   * codecs or zone maps that are none.
   */
  table<Key, Value, Zone extends string = never>(
    name: string,
    { key, value, zones, ...given }: TableOptions<Key, Value, Zone>,
  ): Table<Key, Value, Zone> {
    if (typeof name !== 'string' || name === '') {
      const message = `the name of a table is ${kindOf(name)}, but must be a text`
      throw new ConfigError('CONFIG_INVALID_VALUE', message, { name: 'name' })
    }
    if (this.#tables.has(name))
      throw new StateError('STATE_TABLE_EXISTS', `the store has a table ${name} already`, { table: name })
    const { ordered, bytesMax } = resolveOptions(tableOptions, { given })
    checkCodecs(name, { key, value })
    const seed: [number, number] = [this.#random.nextUint32(), this.#random.nextUint32()]
    const rows = new TableRows(name, key, value, {
      bytesMax,
      isOrdered: ordered,
      isShared: this.#options.shared,
      seed,
      zones: zones ?? {},
    })
    const names = Object.keys(zones ?? {}) as Zone[]
    const table = new Table(rows, names, { commits: this.#commits, ambient: () => this.#ambient() })
    this.#tables.set(name, table as unknown as Table<never, never>)
    this.#committer?.add(rows as TableRows<unknown, unknown>)
    return table
  }

  /**
   * Runs a function as one transaction: all of its changes happen at once when it ends, or none where it throws. On a
   * conflict it runs again, so it should do nothing but work with the transaction. Within the function of another
   * transaction it is a part of that one.
   *
   * @throws TransactionConflict `TRANSACTION_CONFLICT` when `retriesMax` is used up.
   */
  transact<Result>(run: Body<Result | Promise<Result>>): Promise<Result>
  transact<Result>(options: TransactionOptions, run: Body<Result | Promise<Result>>): Promise<Result>
  transact<Result>(
    options: PessimisticOptions,
    run: (transaction: LockingTransaction) => Result | Promise<Result>,
  ): Promise<Result>
  async transact<Result>(
    ...args: [Body<unknown>] | [TransactionOptions | PessimisticOptions, (transaction: never) => unknown]
  ): Promise<Result> {
    const [given, run] = args.length === 1 ? [{}, args[0]] : args
    const { signal, ...rest } = given
    const options = resolveOptions(transactionOptions, { given: rest })
    const body = run as (transaction: AnyTransaction) => Promise<Result>
    const outer = this.#ambient()
    if (outer !== undefined) return joined(outer, options, async () => body(outer))
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted()
      const transaction = this.#begin(options, signal)
      this.#openCount++
      try {
        const result = await this.#contexts.run(transaction, async () => body(transaction))
        signal?.throwIfAborted()
        this.#commit(transaction)
        return result
      } catch (error) {
        if (!(error instanceof TransactionConflict) || attempt === options.retriesMax) throw error
      } finally {
        this.#openCount--
        transaction.end()
      }
      await waitToRetry(attempt, { clock: this.#clock, random: this.#random }, signal)
    }
  }

  /** The same for a function that does not wait for anything: faster, and it cannot conflict but with locks. */
  transactSync<Result>(run: Body<Result>): Result
  transactSync<Result>(options: Omit<TransactionOptions, 'signal' | 'mode'>, run: Body<Result>): Result
  transactSync<Result>(
    first: Body<Result> | Omit<TransactionOptions, 'signal' | 'mode'>,
    second?: Body<Result>,
  ): Result {
    const isPlain = typeof first === 'function'
    const run = isPlain ? first : second!
    const options = isPlain ? defaults : resolveOptions(synchronousTransactionOptions, { given: first })
    const { operationsMax } = this.#options
    const outer = this.#ambient()
    if (outer !== undefined) return joinedSync(outer, options, run)
    for (let attempt = 0; ; attempt++) {
      const transaction = new OptimisticTransaction(this.#commits, options.isolation, operationsMax, true)
      this.#running = transaction
      try {
        const result = withoutPromise(run(transaction))
        this.#commit(transaction)
        return result
      } catch (error) {
        if (!(error instanceof TransactionConflict) || attempt === options.retriesMax) throw error
      } finally {
        this.#running = undefined
        transaction.end()
      }
    }
  }

  /**
   * Commits after a version, in order and without gaps, as they come. Whoever goes on later does so with the version of
   * the last one that it has seen.
   *
   * @throws StateError `STATE_CHANGES_LOST` where commits are not kept any more: see `changesMax`.
   * @throws ConfigError `CONFIG_INVALID_VALUE` where the store has not had the version yet.
   */
  changes({ after, signal }: { after: number; signal?: AbortSignal }): AsyncGenerator<Commit, void> {
    return this.#commits.feed.follow(after, signal)
  }

  #ambient(): AnyTransaction | undefined {
    if (this.#running !== undefined) return this.#running
    if (this.#openCount === 0) return undefined
    const transaction = this.#contexts.getStore()
    return transaction?.isOpen ? transaction : undefined
  }

  #begin({ mode, isolation, lockWaitMs }: Resolved, signal: AbortSignal | undefined): AnyTransaction {
    const { operationsMax } = this.#options
    if (mode === 'optimistic') return new OptimisticTransaction(this.#commits, isolation, operationsMax, false)
    return new LockingTransaction(this.#commits, this.#commits.locks, { waitMs: lockWaitMs, signal, operationsMax })
  }

  #commit(transaction: AnyTransaction): void {
    transaction.checkInside()
    if (transaction instanceof LockingTransaction) return this.#commits.install(transaction.writes, transaction)
    const stale = transaction.conflict()
    if (stale !== undefined) throw changedSince(stale)
    // It reads no more, so that what it alone has kept need not be kept for it.
    transaction.end()
    this.#commits.install(transaction.writes, undefined)
  }
}

/** Runs a function as a part of a transaction. @throws TRANSACTION_NESTED where that one gives less than it needs */
function joined<Result>(
  outer: AnyTransaction,
  { mode, isolation }: Pick<Resolved, 'mode' | 'isolation'>,
  run: () => Result,
): Result {
  const isLocking = outer instanceof LockingTransaction
  if (isLocking !== (mode === 'pessimistic') || (!isLocking && !isAsStrong(outer.isolation, isolation)))
    throw outerTooWeak({ mode, isolation })
  return runInside(outer, run)
}

// Apart from its caller, where a closure would have each transaction make a context.
function joinedSync<Result>(outer: AnyTransaction, { isolation }: { isolation: Isolation }, run: Body<Result>): Result {
  return joined(outer, { mode: 'optimistic', isolation }, () => withoutPromise(run(outer as OptimisticTransaction)))
}

function withoutPromise<Result>(result: Result): Result {
  if (typeof (result as { then?: unknown } | undefined)?.then !== 'function') return result
  throw new StateError('TRANSACTION_NOT_SYNCHRONOUS', 'the function of transactSync returned a promise: use transact')
}
