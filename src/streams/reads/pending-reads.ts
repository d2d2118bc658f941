/**
 * Reads of pending rows by their key, as of a committed epoch that is none before those which had committed when it was
 * asked: linearizable for each key.
 *
 * State: the reads that were asked for in the current epoch; those for which the epoch in flight was read.
 * Invariant: what is told has committed, and nothing that had committed before the question is missing from it.
 * Steps: a read is answered at once where no epoch has changed the table. Else the table is read at the next border,
 * where it is as the epoch that is closed leaves it, and the answer is told when that epoch has committed. A rollback
 * forgets what was read, and the row is read again. A row that is not in the table is recalled first.
 * Why it is right: no epoch that was closed after the question had committed before it, and all before that one are in
 * the table at its border.
 * Cost: nothing where nobody asks. A read is one probe of the index and a copy of its parts.
 */
import { assert } from '../../core/assert.ts'
import { MillraceError } from '../../core/errors.ts'
import type { ComparedKey, PendingTable } from '../../kernel/index.ts'
import type { ColdParts } from '../cold/cold-parts.ts'
import type { ClosingEpoch, EpochParticipant } from '../epochs/epoch-participant.ts'

/** Reads that wait for an epoch, at most. */
export const pendingReadsMax = 1_000

/** A pending part as it was read. */
export interface ReadPart {
  /** The number of its source partition. */
  readonly partition: number
  readonly offset: number
  readonly side: number
  readonly timestampMs: number
  /** The part as JSON. */
  readonly json: string
}

/** A row as it was read; without parts where nothing of its key is pending. */
export interface ReadRow {
  /** The committed epoch as of which that is so; 0 before the first. */
  readonly epoch: number
  readonly parts: readonly ReadPart[]
}

interface Read {
  readonly key: ComparedKey
  readonly answered: PromiseWithResolvers<ReadRow>
}

export interface PendingReadsParts {
  readonly app: string
  readonly table: Pick<PendingTable, 'find' | 'isSettled'>
  /** Absent where all pending parts are in the table. */
  readonly cold: Pick<ColdParts, 'has'> | undefined
  /** Whether the table has what the last committed epoch has left pending, and what open epochs have changed. */
  readonly isWhole: () => boolean
  /** Of the last committed epoch; 0 before the first. */
  readonly epoch: number
}

export class PendingReads implements EpochParticipant {
  readonly #parts: PendingReadsParts
  #asked: Read[] = []
  /** Of the closed epoch. */
  #read: { readonly read: Read; readonly row: ReadRow }[] = []
  #committedEpoch: number
  #ended: MillraceError | undefined
  /** Is told that a read waits for a row that is not in the table. @defaultValue nobody is */
  onCold: () => void = () => {}

  constructor(parts: PendingReadsParts) {
    this.#parts = parts
    this.#committedEpoch = parts.epoch
  }

  /** Those that are not answered. */
  get waitingCount(): number {
    return this.#asked.length + this.#read.length
  }

  /**
   * The row of a key.
   *
   * @param signal - Gives up, and rejects with its reason.
   * @throws MillraceError `PENDING_READS_EXCEEDED`, or what `end` is given.
   */
  async ask(key: ComparedKey, signal?: AbortSignal): Promise<ReadRow> {
    signal?.throwIfAborted()
    if (this.#ended !== undefined) throw this.#ended
    if (this.waitingCount >= pendingReadsMax) throw this.#exceeded()
    const read: Read = { key, answered: Promise.withResolvers() }
    const giveUp = () => this.#giveUp(read, signal!.reason)
    signal?.addEventListener('abort', giveUp)
    this.#asked.push(read)
    // Whoever asks may be a function that the table has called.
    queueMicrotask(() => this.look())
    return read.answered.promise.finally(() => signal?.removeEventListener('abort', giveUp))
  }

  /** Answers what was asked, unless an open epoch has changed the table. */
  look(): void {
    if (this.#asked.length === 0 || !this.#parts.isWhole() || !this.#parts.table.isSettled) return
    for (const { key, answered } of this.#takeReadable()) answered.resolve(this.#rowOf(key, this.#committedEpoch))
    if (this.#asked.length > 0) this.onCold()
  }

  /** The keys that are asked for whose rows are not in the table. */
  get coldKeys(): ComparedKey[] {
    return this.#asked.filter((read) => this.#isCold(read)).map(({ key }) => key)
  }

  /** Rejects what was asked, and what will be. */
  end(error: MillraceError): void {
    this.#ended ??= error
    const reads = [...this.#asked.splice(0), ...this.#read.splice(0).map(({ read }) => read)]
    for (const { answered } of reads) answered.reject(error)
  }

  close({ number }: Pick<ClosingEpoch, 'number'>): void {
    assert(this.#read.length === 0, 'at most one epoch is in flight')
    this.#read = this.#takeReadable().map((read) => ({ read, row: this.#rowOf(read.key, number) }))
  }

  commit(): void {
    this.#committedEpoch++
    for (const { read, row } of this.#read.splice(0)) read.answered.resolve(row)
  }

  rollback(): void {
    this.#asked.unshift(...this.#read.splice(0).map(({ read }) => read))
  }

  #rowOf(key: ComparedKey, epoch: number): ReadRow {
    const { parts: stored = [] } = this.#parts.table.find(key) ?? {}
    const parts = stored.map(({ partition, offset, side, timestamp, bytes }) => {
      return { partition, offset, side, timestampMs: timestamp, json: Buffer.from(bytes).toString() }
    })
    return { epoch, parts }
  }

  /** Takes those out that were asked for, but for rows that are not in the table. */
  #takeReadable(): Read[] {
    const readable: Read[] = []
    const cold: Read[] = []
    for (const read of this.#asked) (this.#isCold(read) ? cold : readable).push(read)
    this.#asked = cold
    return readable
  }

  #isCold({ key }: Read): boolean {
    return this.#parts.cold?.has(key) === true
  }

  #giveUp(read: Read, reason: unknown): void {
    this.#asked = this.#asked.filter((each) => each !== read)
    this.#read = this.#read.filter((each) => each.read !== read)
    read.answered.reject(reason)
  }

  #exceeded(): MillraceError {
    const { app } = this.#parts
    const text = `${pendingReadsMax} reads of pending rows of "${app}" wait for its epoch to commit: ask again when some are answered`
    return new MillraceError('PENDING_READS_EXCEEDED', text, { app, readsMax: pendingReadsMax })
  }
}
