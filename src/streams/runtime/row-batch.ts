import { assert } from '../../core/assert.ts'
import { type FetchedPartition, RecordColumns } from '../../kernel/index.ts'

/**
 * The message that travels from operator to operator: rows of one source partition, and how far they reach.
 * It holds memory that others wait for, so whoever takes it last, or drops it, releases it.
 */
export class RowBatch {
  readonly columns = new RecordColumns()
  /** The life in which it was read; that of an older one is dropped. */
  incarnation = 0
  /** Offset after the batch: of records, and of what is passed over between them. */
  nextOffset = 0
  /** Offset after the last record that there was to read. */
  endOffset = 0
  /** Whether its records come from the checkpoint: they may bring their parts with them. */
  isPromoted = false
  /** Whether it is the last, or the only one, of those that were made of one batch of the source. */
  isLast = true
  /** Stages that have not seen it yet. */
  stagesLeft = 0
  /** What its rows are to be read of, where shards do that. */
  fetched: FetchedPartition | undefined
  #lease: Lease | undefined
  readonly #pool: RowBatchPool

  constructor(pool: RowBatchPool) {
    this.#pool = pool
  }

  /** Goes on with what was read of a partition, or in place of another batch, up to an offset, and holds it by a lease. */
  passOn({ incarnation, endOffset, isPromoted }: PassedOn, nextOffset: number, lease: Lease, isLast = true): void {
    this.incarnation = incarnation
    this.nextOffset = nextOffset
    this.endOffset = endOffset
    this.isPromoted = isPromoted
    this.isLast = isLast
    this.#lease = lease
    lease.retain()
  }

  release(): void {
    const lease = this.#lease
    this.#lease = undefined
    // Whoever still has a view of a record is not shown the bytes of another one.
    this.columns.count = 0
    this.fetched = undefined
    lease?.release()
    this.#pool.give(this)
  }
}

/** What a batch has of what it was read of. */
type PassedOn = Pick<RowBatch, 'incarnation' | 'endOffset' | 'isPromoted'>

/** Memory used by several batches; it goes back when the last of them is released. */
export class Lease {
  #holders = 1
  readonly #onFree: () => void

  constructor(onFree: () => void) {
    this.#onFree = onFree
  }

  retain(): void {
    this.#holders++
  }

  release(): void {
    this.#holders--
    assert(this.#holders >= 0, 'memory is released once by each holder')
    if (this.#holders === 0) this.#onFree()
  }
}

/** A number of batches, so that what is between reading and the table is bounded. */
export class RowBatchPool {
  readonly #mayGrow: boolean
  #size: number
  readonly #free: RowBatch[]
  readonly #takers: ((batch: RowBatch | undefined) => void)[] = []
  #idle: (() => void)[] = []

  /** @param mayGrow - Whether there are more where none is free: then something else bounds what is taken. */
  constructor(size: number, mayGrow = false) {
    this.#mayGrow = mayGrow
    this.#size = size
    this.#free = Array.from({ length: size }, () => new RowBatch(this))
  }

  /** A batch, at once or when one comes back; none when the pool is abandoned first. */
  take(): RowBatch | Promise<RowBatch | undefined> {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (!this.#mayGrow) return new Promise((resolve) => this.#takers.push(resolve))
    this.#size++
    return new RowBatch(this)
  }

  /** Lets go of whoever waits: the batches that are away may never come back. */
  abandon(): void {
    for (const taker of this.#takers.splice(0)) taker(undefined)
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  give(batch: RowBatch): void {
    const taker = this.#takers.shift()
    if (taker !== undefined) return taker(batch)
    assert(this.#free.length < this.#size, 'a batch comes back once')
    this.#free.push(batch)
    if (this.#free.length === this.#size) for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** Whether nothing is on its way. */
  get isIdle(): boolean {
    return this.#free.length === this.#size
  }

  /** Resolves when nothing is on its way, or the pool is abandoned. */
  whenIdle(): Promise<void> {
    return this.isIdle ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve))
  }
}
