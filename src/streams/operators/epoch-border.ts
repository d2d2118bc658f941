import type { ActorRef } from '../../actors/index.ts'
import { tellOfCommit } from '../events/tell-of-commit.ts'
import type { DeadLetterNotice } from '../logs/dead-letter-notice.ts'
import type { WrittenTopic } from '../observe/meters.ts'
import type { EpochDoubt } from '../poison/epoch-doubt.ts'
import type { Session } from '../recovery/session.ts'
import type { SinkMessage } from '../runtime/messages.ts'
import type { Services } from '../runtime/services.ts'
import type { Outputs } from './outputs.ts'

interface BorderParts {
  readonly services: Services
  readonly session: Session
  readonly outputs: Outputs
  readonly doubt: EpochDoubt
  readonly notice: DeadLetterNotice
  readonly sink: ActorRef<SinkMessage>
}

/** What is done at the border of an epoch wherever its rows are: in one table, or in shards of it. */
export class EpochBorder {
  readonly #parts: BorderParts
  readonly #incarnation: number
  /** Of the epoch that is being committed: when its first row came, and its border. */
  #times = { openedMs: 0, closedMs: 0 }
  /** What it has written. */
  #written: readonly WrittenTopic[] = []

  constructor(parts: BorderParts) {
    this.#parts = parts
    this.#incarnation = parts.session.lives.incarnation
  }

  /** Notes the time of the epoch that is about to be closed. */
  draw(): void {
    const { services, session } = this.#parts
    const closedMs = services.clock.monotonicMs()
    // An epoch that was due has no rows.
    this.#times = { openedMs: session.schedule.openedMs ?? closedMs, closedMs }
  }

  /** Sends what the closed epoch has written, to be committed with these offsets. */
  async send(offsets: Float64Array): Promise<void> {
    const { services, session, outputs, doubt, sink } = this.#parts
    await outputs.sendAll(sink)
    this.#written = outputs.takeSent()
    session.schedule.closed(services.clock.monotonicMs(), outputs.takeCheckpointBytes())
    doubt.reset()
    await sink.tell({ type: 'commit', incarnation: this.#incarnation, offsets })
  }

  /** Tells of the epoch, which has committed at `nowMs` of the monotonic clock. */
  committed(nowMs: number): void {
    const { services, session, notice } = this.#parts
    const { statistics, meters, events, clock } = services
    const { state, sources } = session
    notice.committed(state.accounting.letters)
    sources.redriven.forget((partition, offset) => this.#hasLeft(partition, offset))
    statistics.epochs++
    statistics.lastCommitMs = clock.monotonicMs()
    const durationMs = nowMs - this.#times.openedMs
    const commitMs = nowMs - this.#times.closedMs
    for (const topic of this.#written) meters.wrote(topic)
    meters.epochSeconds.observe(durationMs / 1_000)
    meters.commitSeconds.observe(commitMs / 1_000)
    tellOfCommit(events, state, { durationMs, commitMs })
  }

  /** Whether an offset has been consumed and is not pending, by the last committed epoch. */
  #hasLeft(partition: number, offset: number): boolean {
    const { accounting, pending } = this.#parts.session.state
    return offset < accounting.committedOffsets[partition]! && !pending.sets[partition]!.has(offset)
  }
}
