import { startSystem } from '../../actors/index.ts'
import { sleep } from '../../core/clock.ts'
import { listOffsets, topicRange } from '../../kafka/index.ts'
import type { PendingTable } from '../../kernel/index.ts'
import { manifestOf } from '../checkpoint/checkpoint-records.ts'
import { CheckpointView } from '../checkpoint/checkpoint-view.ts'
import type { RecoveredState } from '../recovery/program-state.ts'
import { checkProgram, stateBehind, type WarmTable } from '../recovery/load-state.ts'
import { checkpointSink, outputsOf } from '../topics/pipeline-topics.ts'
import { Pipeline } from '../runtime/pipeline.ts'
import { isOfOtherProgram } from './program-watch.ts'
import { rootCause } from '../runtime/root-cause.ts'
import { standbyTree } from '../runtime/supervision-tree.ts'

/** How long a standby leaves its table alone that it could not bring up to date. */
const failurePauseMs = 60_000
/** Parts that a step of giving memory back looks at. */
const looksPerStep = 4_096

/**
 * Keeps a table with what waits in the active process, brought up to its last epoch time and again, so that taking over means to
 * read what has come since and not all that waits.
 *
 * Steps: read what is new of the checkpoint; let go what has left since; read from the source what waits of the offsets since, through
 * the same route and stages; compare number and digest. A row leaves with all its parts, and what waits of the offsets before was there,
 * so nothing else can be missing.
 * State: a table as of some epoch, or none; the records of the checkpoint. Both are a cache: whatever fails, they are dropped, and a start
 * reads all that waits.
 */
export class Standby {
  readonly #active: Pipeline
  /** Of its own. */
  readonly #pipeline: Pipeline
  /** Gives up. */
  readonly #signal: AbortSignal
  /** Ends behind the step at hand. */
  readonly #ending = new AbortController()
  readonly #ended: Promise<void>
  /** What the checkpoint says, as far as it was read. */
  #checkpoint = new CheckpointView()
  #warm: WarmTable | undefined

  /** @param active - The pipeline that the table is for. */
  constructor(active: Pipeline, signal: AbortSignal) {
    const { plan, options, cluster, topics, logger, loop } = active
    this.#active = active
    this.#pipeline = new Pipeline({ plan, options, cluster, topics, logger, loop, onlyRestores: true })
    this.#signal = signal
    this.#ended = this.#follow()
  }

  /** The table that is kept; absent while there is none. */
  get table(): PendingTable | undefined {
    return this.#warm?.table
  }

  /** Ends; what it has is the caller's. */
  async end(): Promise<WarmTable | undefined> {
    this.#ending.abort()
    await this.#ended
    return this.#warm
  }

  async #follow(): Promise<void> {
    const { clock, options, plan, logger } = this.#pipeline
    const ending = AbortSignal.any([this.#signal, this.#ending.signal])
    while (!ending.aborted) {
      let pauseMs = options.standbyRefreshMs
      try {
        await this.#refresh()
      } catch (error) {
        this.#warm = undefined
        this.#checkpoint = new CheckpointView()
        pauseMs = failurePauseMs
        // That it is of another program is told elsewhere.
        if (!ending.aborted && !isOfOtherProgram(error))
          logger.warn({ app: plan.name, err: error }, 'a standby could not keep its table warm')
      }
      await sleep(clock, pauseMs, ending).catch(() => {})
    }
  }

  async #refresh(): Promise<void> {
    const { cluster, plan, options, topics, logger } = this.#pipeline
    const topic = topics.sinks[checkpointSink]!
    // An open transaction may be the last one of a process that has died, which nobody ends before this one has taken over.
    await this.#checkpoint.readOn(cluster, topic, await topicRange(cluster, topic, 'read_committed'))
    const { records } = this.#checkpoint
    const manifest = manifestOf(records)
    if (manifest === undefined) {
      this.#warm = undefined
      return
    }
    if (manifest.epoch === this.#warm?.manifest.epoch) return
    await this.#pipeline.refreshSource()
    checkProgram(plan, topics.source, manifest)
    const request = {
      cluster,
      plan,
      // What is lost is accepted by the process that takes over, and goes on without this table.
      options: { ...options, acceptLoss: false },
      source: topics.source,
      outputs: outputsOf(topics),
      logEnds: [],
      records,
      tableMemory: this.#warm === undefined ? this.#active.takeTableMemory() : undefined,
      warmTable: this.#warm,
      logger,
    }
    const state = stateBehind(request, manifest, await listOffsets(cluster, topics.source, 'earliest'))
    if (!state.restoration.isDone) await this.#restore(state)
    if (this.#warm === undefined) {
      const facts = { app: plan.name, epoch: manifest.epoch, pending: manifest.pending }
      logger.info(facts, 'standing by with a table of what waits')
    }
    this.#warm = { table: state.table, manifest }
    while (state.table.compact(looksPerStep)) {}
  }

  /** Reads what is missing. */
  async #restore(state: RecoveredState): Promise<void> {
    const pipeline = this.#pipeline
    const { plan, clock } = pipeline
    const restored = Promise.withResolvers<void>()
    pipeline.state = state
    pipeline.onRestored = restored.resolve
    pipeline.beginLife()
    const system = await startSystem({ name: plan.name, root: standbyTree(pipeline), clock })
    const stop = () => void system.stop({ drainMs: 0 })
    this.#signal.addEventListener('abort', stop)
    if (this.#signal.aborted) stop()
    const reason = await Promise.race([restored.promise, system.done])
    this.#signal.removeEventListener('abort', stop)
    await system.stop({ drainMs: 0 })
    if (reason?.kind === 'crashed') throw rootCause(reason.error)
    this.#signal.throwIfAborted()
  }
}
