/** What a transaction did to lists that it read and appended to, each element once in its list. */
export type Operation =
  | { readonly kind: 'append'; readonly key: string; readonly element: number }
  /** `elements` is the list as it was read: with own elements where it was read after they were appended. */
  | { readonly kind: 'read'; readonly key: string; readonly elements: readonly number[] }

/** One transaction as its user has seen it. */
export interface ObservedTransaction {
  /** Its place in the history. */
  readonly id: number
  /** `unknown` where nobody has heard whether it has committed: it has where others have read what it wrote. */
  readonly outcome: 'committed' | 'aborted' | 'unknown'
  /** When it began and ended: numbers that grow with time, no two of which are the same. */
  readonly startedAt: number
  readonly endedAt: number
  readonly operations: readonly Operation[]
}

/** Notes transactions as they happen; one for each thread. */
export class HistoryRecorder {
  /** For the recorders of other threads. */
  readonly counters: SharedArrayBuffer
  /** The time, and the elements that have been given. */
  readonly #counts: Int32Array
  readonly #transactions: ObservedTransaction[] = []

  /**
   * @param counters - Those of a recorder of another thread with which this one shares time and elements; what both have
   * noted is one history then, once its transactions are numbered anew.
   */
  constructor(counters = new SharedArrayBuffer(8)) {
    this.counters = counters
    this.#counts = new Int32Array(counters)
  }

  get history(): readonly ObservedTransaction[] {
    return this.#transactions
  }

  begin(): TransactionRecorder {
    return new TransactionRecorder(
      () => Atomics.add(this.#counts, 0, 1) + 1,
      () => Atomics.add(this.#counts, 1, 1) + 1,
      (observed) => void this.#transactions.push({ id: this.#transactions.length, ...observed }),
    )
  }
}

/** Notes what one transaction does; to be ended by `end`. */
export class TransactionRecorder {
  readonly #tick: () => number
  readonly #nextElement: () => number
  readonly #add: (observed: Omit<ObservedTransaction, 'id'>) => void
  readonly #startedAt: number
  #operations: Operation[] = []

  constructor(tick: () => number, nextElement: () => number, add: (observed: Omit<ObservedTransaction, 'id'>) => void) {
    this.#tick = tick
    this.#nextElement = nextElement
    this.#add = add
    this.#startedAt = tick()
  }

  /**
   * Forgets what it has noted. It comes first in a function that runs again after a conflict: what the run before has
   * done has not happened.
   */
  restart(): void {
    this.#operations = []
  }

  /** Notes an append, and gives the element to be appended, which no other one is like. */
  append(key: string): number {
    const element = this.#nextElement()
    this.#operations.push({ kind: 'append', key, element })
    return element
  }

  /** Notes a list as it was read; it is empty where there is no row. */
  read(key: string, elements: readonly number[]): void {
    this.#operations.push({ kind: 'read', key, elements })
  }

  end(outcome: ObservedTransaction['outcome']): void {
    this.#add({ outcome, startedAt: this.#startedAt, endedAt: this.#tick(), operations: this.#operations })
  }
}
