import { type Clock, systemClock } from '../../src/core/clock.ts'
import { nextInt, type Random } from '../../src/core/random.ts'
import type * as state from '../../src/state/index.ts'
import { HistoryRecorder, type TransactionRecorder } from '../../src/testing/index.ts'

/** What is tried: the layer `state`, or one like it. */
export type StateLayer = Pick<typeof state, 'Store' | 'json' | 'text' | 'TransactionConflict'>

const clientCount = 5
/** Lists that are used at a time; each once gets full, and another one takes its place. */
const listsMax = 6
const elementsMax = 12
const keysPerList = 4

type Lists = state.Table<string, readonly number[]>

/**
 * Transactions of several clients on lists, which give way to each other at drawn moments between their operations: by
 * key, by range and of absent rows; some of them with locks, some failing on purpose, some on one row alone.
 *
 * @returns What they have seen.
 */
export class Workload {
  readonly recorder = new HistoryRecorder()
  readonly #layer: StateLayer
  readonly #random: Random
  readonly #store: state.Store
  readonly #lists: Lists
  readonly #isolation: state.Isolation
  #remaining: number
  #active = 0
  /** Clients that have given way. */
  readonly #paused: (() => void)[] = []
  #turned = Promise.withResolvers<void>()
  readonly #lengths = new Map<string, number>()
  #firstList = 0
  /** What a client has failed with that no client expects; all end then. */
  #failure: { readonly error: unknown } | undefined

  constructor(layer: StateLayer, random: Random, isolation: state.Isolation, transactionCount: number) {
    this.#layer = layer
    this.#random = random
    this.#isolation = isolation
    this.#remaining = transactionCount
    this.#store = new layer.Store({ random, clock: this.#clock() })
    this.#lists = this.#store.table('lists', { key: layer.text, value: layer.json<readonly number[]>(), ordered: true })
  }

  /** Versions that are still kept when all is done. */
  get keptVersions(): number {
    return this.#store.keptVersions
  }

  async run(): Promise<void> {
    for (let client = 0; client < clientCount; client++)
      void this.#client().catch((error: unknown) => this.#fail(error))
    for (let idleTurns = 0; this.#active > 0 && this.#failure === undefined; idleTurns = 0) {
      // Whoever has been given a lock goes on by itself.
      for (; this.#paused.length === 0; idleTurns++) {
        if (idleTurns > 1_000) throw new Error('all clients wait for each other')
        await Promise.resolve()
      }
      const [next] = this.#paused.splice(nextInt(this.#random, this.#paused.length), 1)
      this.#turned = Promise.withResolvers()
      next!()
      await this.#turned.promise
    }
    if (this.#failure !== undefined) throw this.#failure.error
    this.#readAll()
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#turned.resolve()
  }

  async #client(): Promise<void> {
    this.#active++
    await this.#giveWay()
    while (this.#remaining-- > 0) {
      const kind = nextInt(this.#random, 8)
      if (kind === 0) await this.#locking()
      else if (kind === 1) this.#synchronous()
      else await this.#optimistic()
      await this.#giveWay()
    }
    this.#active--
    this.#turned.resolve()
  }

  async #giveWay(): Promise<void> {
    const resumed = new Promise<void>((resolve) => void this.#paused.push(resolve))
    this.#turned.resolve()
    await resumed
  }

  /** The time to wait for a lock is over when the draw falls on it, as it falls on clients. */
  #clock(): Clock {
    return {
      ...systemClock,
      setTimer: (_, callback) => {
        this.#paused.push(callback)
        this.#turned.resolve()
        return { cancel: () => this.#remove(callback) }
      },
    }
  }

  #remove(callback: () => void): void {
    const place = this.#paused.indexOf(callback)
    if (place >= 0) this.#paused.splice(place, 1)
  }

  async #optimistic(): Promise<void> {
    const recorded = this.recorder.begin()
    const isFailing = nextInt(this.#random, 16) === 0
    const options = { isolation: this.#isolation, retriesMax: 0 }
    await this.#ending(
      recorded,
      this.#store.transact(options, async (tx) => {
        for (let count = 1 + nextInt(this.#random, 4); count > 0; count--) {
          this.#operate(tx, recorded)
          await this.#giveWay()
        }
        if (isFailing) throw new OnPurpose()
      }),
    )
  }

  #synchronous(): void {
    const recorded = this.recorder.begin()
    try {
      this.#store.transactSync({ isolation: this.#isolation, retriesMax: 0 }, (tx) => {
        this.#operate(tx, recorded)
        this.#operate(tx, recorded)
      })
      recorded.end('committed')
    } catch (error) {
      this.#endFailed(recorded, error)
    }
  }

  /** Reads and appends with locks on two keys, in any order. */
  async #locking(): Promise<void> {
    const recorded = this.recorder.begin()
    const options = { mode: 'pessimistic', retriesMax: 0 } as const
    const keys = [this.#key(), this.#key()]
    await this.#ending(
      recorded,
      this.#store.transact(options, async (tx) => {
        for (const key of keys) {
          const elements = (await tx.get(this.#lists, key)) ?? []
          recorded.read(key, elements)
          await this.#giveWay()
          await tx.set(this.#lists, key, [...elements, this.#append(recorded, key)])
        }
      }),
    )
  }

  #operate(tx: state.Transaction, recorded: TransactionRecorder): void {
    const kind = nextInt(this.#random, 6)
    const key = this.#key()
    if (kind === 0) return this.#readRange(tx, recorded)
    const elements = tx.get(this.#lists, key) ?? []
    recorded.read(key, elements)
    if (kind > 2) tx.set(this.#lists, key, [...elements, this.#append(recorded, key)])
  }

  /** All keys of one list, from either end, or its last one: keys that the scan passes over are absent. */
  #readRange(tx: state.Transaction, recorded: TransactionRecorder): void {
    const list = this.#list()
    const kind = nextInt(this.#random, 3)
    const options = kind === 2 ? { reverse: true, limit: 1 } : { reverse: kind === 1 }
    const found = new Map(tx.scan(this.#lists, { from: `${list}.0`, to: `${list}.9`, ...options }))
    for (let place = keysPerList - 1; place >= 0; place--) {
      const key = `${list}.${place}`
      recorded.read(key, found.get(key) ?? [])
      if (kind === 2 && found.has(key)) return
    }
  }

  #append(recorded: TransactionRecorder, key: string): number {
    const length = (this.#lengths.get(key) ?? 0) + 1
    this.#lengths.set(key, length)
    if (length === elementsMax) this.#firstList++
    return recorded.append(key)
  }

  #list(): number {
    return 1_000_000 + this.#firstList + nextInt(this.#random, listsMax)
  }

  #key(): string {
    return `${this.#list()}.${nextInt(this.#random, keysPerList)}`
  }

  async #ending(recorded: TransactionRecorder, done: Promise<void>): Promise<void> {
    try {
      await done
      recorded.end('committed')
    } catch (error) {
      this.#endFailed(recorded, error)
    }
  }

  #endFailed(recorded: TransactionRecorder, error: unknown): void {
    recorded.end('aborted')
    const isExpected = error instanceof OnPurpose || error instanceof this.#layer.TransactionConflict
    if (!isExpected && (error as { code?: unknown }).code !== 'TRANSACTION_LOCK_TIMEOUT') throw error
  }

  #readAll(): void {
    const recorded = this.recorder.begin()
    for (const key of this.#lengths.keys()) recorded.read(key, this.#lists.get(key) ?? [])
    recorded.end('committed')
  }
}

class OnPurpose extends Error {}
