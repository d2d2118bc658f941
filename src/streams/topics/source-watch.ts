import type { Timer } from '../../core/clock.ts'
import { listOffsets } from '../../kafka/index.ts'
import { findSource } from './pipeline-topics.ts'
import type { Pipeline } from '../runtime/pipeline.ts'
import type { SourceGrowth } from './source-growth.ts'

/** Asks every `sourceRefreshMs` whether the source was given partitions: brokers tell nobody, and a fetch names those that it asks for. */
export class SourceWatch {
  readonly #pipeline: Pipeline
  readonly #onGrown: (growth: SourceGrowth) => void
  #isStopped = false
  #timer: Timer | undefined

  constructor(pipeline: Pipeline, onGrown: (growth: SourceGrowth) => void) {
    this.#pipeline = pipeline
    this.#onGrown = onGrown
    this.#lookLater()
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  #lookLater(): void {
    const { clock, options } = this.#pipeline
    this.#timer = clock.setTimer({ afterMs: options.sourceRefreshMs }, () => void this.#look())
  }

  async #look(): Promise<void> {
    const { cluster, plan, state, topics, logger } = this.#pipeline
    try {
      const topic = await findSource(cluster, plan)
      // Another topic of the same name is found by what reads it.
      const isGrown = topic.id === topics.source.id && topic.partitions.length > state.pending.sets.length
      if (isGrown) this.#onGrown({ topic, logEnds: await listOffsets(cluster, topic, 'latest') })
    } catch (error) {
      if (this.#isStopped) return
      logger.warn({ app: plan.name, err: error }, 'could not ask which partitions the source has; trying later')
    }
    if (!this.#isStopped) this.#lookLater()
  }
}
