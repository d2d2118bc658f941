/**
 * The epochs of a program: those that have committed, at most one that is in flight to the broker, and the current one,
 * which takes in rows.
 *
 *                close                 beginCommit               commit: the broker has said so
 *   current ──► closing ──► closed ────────────────► committing ─────────────────────────────► committed
 *      ▲           │           │                         │ settleAt: the answer was lost            ▲
 *      │           │ throws    │                         ▼                                          │
 *      │           │           │                      unknown ──────────────────────────────────────┘
 *      │           │           │                         │                    its manifest is there
 *      └───────────┴───────────┴─────────────────────────┘
 *                 settleAt: its manifest is not there
 *
 * The current epoch is always there. An epoch of which the commit has not begun can not have committed. One whose
 * outcome is unknown is neither rolled back nor built upon before the manifest has said what became of it.
 *
 * State: the number of the last committed epoch; how far the next one is on its way.
 * Invariant: all participants stand in the same epochs. They close and commit in their declared order, and roll back in
 * the opposite one.
 */
import { channel } from 'node:diagnostics_channel'
import { assert } from '../../core/assert.ts'
import { MillraceError } from '../../core/errors.ts'
import type { ClosingEpoch, EpochParticipant } from './epoch-participant.ts'

/** How far the epoch after the last committed one is on its way; `current` where it still takes in rows. */
type Progress = 'current' | 'closing' | 'closed' | 'committing' | 'unknown'

/** What closing an epoch takes from outside. */
export type ClosingFacts = Pick<ClosingEpoch, 'closedMs' | 'table' | 'put' | 'pieceBytes'>

/** Tells those who observe the process that all pending parts are in the table, and epochs begin. */
const begun = channel('millrace:epochs:begun')

export class Epochs {
  readonly #participants: readonly EpochParticipant[]
  #committed: number
  #progress: Progress = 'current'
  #isBegun = false
  #isAbandoned = false

  /**
   * @param participants - In the order in which they close and commit.
   * @param committed - Number of the last committed epoch; 0 before the first.
   */
  constructor(participants: readonly EpochParticipant[], committed: number) {
    this.#participants = participants
    this.#committed = committed
  }

  /** Number of the last committed epoch; 0 before the first. */
  get committed(): number {
    return this.#committed
  }

  /** All that was pending is in the table: epochs may be closed from now on. */
  begin(): void {
    assert(!this.#isBegun, 'the first epoch begins once')
    this.#isBegun = true
    begun.publish({ committed: this.#committed })
  }

  /** Takes in partitions that the source was given. */
  grow(logEnds: readonly number[]): void {
    assert(this.#isBegun, 'a source grows when all pending parts are in the table')
    for (const participant of this.#participants) participant.grow?.(logEnds)
  }

  /** Closes the current epoch, which writes its checkpoint; the next one is the current one then. */
  close(facts: ClosingFacts): void {
    assert(this.#isBegun, 'an epoch is closed when all that is pending is in the table')
    assert(!this.#isAbandoned, 'no epoch is closed after the end')
    this.#step('current', 'closing')
    const epoch: ClosingEpoch = { ...facts, number: this.#committed + 1, manifest: {} }
    for (const participant of this.#participants) participant.close(epoch)
    this.#step('closing', 'closed')
  }

  /** The broker is asked to commit the closed epoch: from now on it may have committed. */
  beginCommit(): void {
    this.#step('closed', 'committing')
  }

  /** The broker has committed the epoch. */
  commit(): void {
    assert(
      this.#progress === 'committing' || this.#progress === 'unknown',
      `an epoch commits that is ${this.#progress}`,
    )
    for (const participant of this.#participants) participant.commit()
    this.#committed++
    this.#progress = 'current'
  }

  /**
   * Goes to where the broker says the program is: the epoch in flight has committed or it has not; the current one has
   * not.
   *
   * @param durable - The last epoch with a manifest; 0 when there is none.
   * @throws MillraceError `CHECKPOINT_FOREIGN` when that is neither of the two.
   */
  settleAt(durable: number): void {
    if (this.#progress === 'committing') this.#progress = 'unknown'
    if (this.#progress === 'unknown' && durable === this.#committed + 1) this.commit()
    if (durable !== this.#committed) throw this.#foreign(durable)
    this.#rollback()
  }

  /** The process ends: what it knows is that of the last committed epoch, whatever has become of the one in flight. */
  abandon(): void {
    this.#isAbandoned = true
    this.#rollback()
  }

  #rollback(): void {
    for (const participant of this.#participants.toReversed()) participant.rollback()
    this.#progress = 'current'
  }

  #step(from: Progress, to: Progress): void {
    assert(this.#progress === from, `an epoch is ${from} before it is ${to}, and this one is ${this.#progress}`)
    this.#progress = to
  }

  #foreign(durable: number): MillraceError {
    const epoch = this.#committed
    return new MillraceError(
      'CHECKPOINT_FOREIGN',
      `the checkpoint is at epoch ${durable}, this process at epoch ${epoch}: another process has gone on with the program`,
      { durableEpoch: durable, epoch },
    )
  }
}
