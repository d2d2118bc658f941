import { sleep } from '../../core/clock.ts'
import { topicRange } from '../../kafka/index.ts'
import type { PendingTable } from '../../kernel/index.ts'
import { manifestOf } from '../checkpoint/checkpoint-records.ts'
import { CheckpointView } from '../checkpoint/checkpoint-view.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { Meters } from '../observe/meters.ts'
import type { SpareMemory } from '../recovery/spare-memory.ts'
import { warmState } from '../recovery/warm-state.ts'
import type { WarmTable } from '../recovery/warm-table.ts'
import type { KafkaServices } from '../runtime/services.ts'
import { newStatistics } from '../runtime/statistics.ts'
import { checkpointSink } from '../topics/program-topics.ts'
import { restoreApart } from './restore-apart.ts'

/** How long a standby leaves its table alone that it could not bring up to date. */
const failurePauseMs = 60_000
/** Parts that a step of giving memory back looks at. */
const looksPerStep = 4_096

/** Ends a refresh: the checkpoint is of another program, which is told elsewhere. */
class OtherProgram extends Error {}

/**
 * Keeps a table with the pending parts of the active process, brought up to its last epoch time and again, so that
 * taking over means to read what has come since and not all pending parts.
 *
 * Steps: read what is new of the checkpoint; let go what has left since; read from the source the pending parts of the
 * offsets since, through the same route and stages; compare number and digest. A row leaves with all its parts, and the
 * pending parts of the offsets before were there, so nothing else can be missing.
 * State: a table as of some epoch, or none; the records of the checkpoint. Both are a cache: whatever fails, they are
 * dropped, and a start reads all pending parts.
 */
export class Standby {
  readonly #services: KafkaServices
  readonly #spareMemory: SpareMemory
  /** Gives up. */
  readonly #signal: AbortSignal
  /** Ends after the current step. */
  readonly #ending = new AbortController()
  readonly #ended: Promise<void>
  /** What the checkpoint says, as far as it was read. */
  #checkpoint = new CheckpointView({ keepsTables: false })
  #warm: WarmTable | undefined
  /** When it was last as new as the checkpoint, by the monotonic clock. */
  #refreshedMs: number | undefined

  /** @param spareMemory - Where the table is to live, as long as nobody else has taken it. */
  constructor(services: KafkaServices, spareMemory: SpareMemory, signal: AbortSignal) {
    // What is read for a table that may never be used counts for nothing.
    this.#services = { ...services, statistics: newStatistics(), meters: new Meters() }
    this.#spareMemory = spareMemory
    this.#signal = signal
    this.#ended = this.#follow()
  }

  /** The table that is kept; absent while there is none. */
  get table(): PendingTable | undefined {
    return this.#warm?.table
  }

  /** How long ago the table was as new as the checkpoint, in milliseconds; undefined where there is none. */
  get ageMs(): number | undefined {
    if (this.#warm === undefined || this.#refreshedMs === undefined) return undefined
    return this.#services.clock.monotonicMs() - this.#refreshedMs
  }

  /** Ends; what it has is the caller's. */
  async end(): Promise<WarmTable | undefined> {
    this.#ending.abort()
    await this.#ended
    return this.#warm
  }

  async #follow(): Promise<void> {
    const { clock, options, plan, logger } = this.#services
    const ending = AbortSignal.any([this.#signal, this.#ending.signal])
    while (!ending.aborted) {
      let pauseMs = options.standbyRefreshMs
      try {
        await this.#refresh()
        this.#refreshedMs = clock.monotonicMs()
      } catch (error) {
        this.#warm = undefined
        this.#checkpoint = new CheckpointView({ keepsTables: false })
        pauseMs = failurePauseMs
        if (!ending.aborted && !(error instanceof OtherProgram))
          logger.warn({ app: plan.name, err: error }, 'a standby could not keep its table warm')
      }
      await sleep(clock, pauseMs, ending).catch(() => {})
    }
  }

  async #refresh(): Promise<void> {
    const { cluster, topics } = this.#services
    const topic = topics.sinks[checkpointSink]!
    // An open transaction may be the last one of a process that has died, which nobody ends before this one has taken
    // over.
    await this.#checkpoint.readOn(cluster, topic, await topicRange(cluster, topic, 'read_committed'))
    const manifest = manifestOf(this.#checkpoint.records)
    if (manifest === undefined) this.#warm = undefined
    else if (manifest.epoch !== this.#warm?.manifest.epoch) await this.#bringTo(manifest)
  }

  /** Brings the table to the end of this epoch. */
  async #bringTo(manifest: Manifest): Promise<void> {
    const services = this.#services
    const { plan, logger } = services
    const warm = await warmState({
      services,
      checkpoint: this.#checkpoint,
      manifest,
      warmTable: this.#warm,
      spareMemory: this.#spareMemory,
    })
    if (warm === undefined) throw new OtherProgram()
    const { state } = warm
    await restoreApart(services, warm, this.#signal)
    if (this.#warm === undefined) {
      const facts = { app: plan.name, epoch: manifest.epoch, pending: manifest.pending }
      logger.info(facts, 'standing by with a table of the pending parts')
    }
    this.#warm = { table: state.table, manifest, digests: [...state.pending.digests] }
    while (state.table.compact(looksPerStep)) {}
  }
}
