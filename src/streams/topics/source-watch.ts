import type { Timer } from '../../core/clock.ts'
import type { RestoringSession } from '../recovery/session.ts'
import type { SourceLog } from '../runtime/ports.ts'
import type { Services } from '../runtime/services.ts'
import type { SourceGrowth } from './source-growth.ts'
import type { SinkGrowth } from './sink-growth.ts'
import { areGrown } from './sources.ts'

/**
 * Asks every `sourceRefreshMs` whether sources or sinks were given partitions: brokers tell nobody, and a fetch names
 * those that it asks for.
 */
export class SourceWatch {
  readonly #services: Services
  readonly #session: Pick<RestoringSession, 'sources'>
  readonly #log: SourceLog
  readonly #sinkGrowth: SinkGrowth
  readonly #onGrown: (growth: SourceGrowth) => void
  #isStopped = false
  #timer: Timer | undefined

  constructor(
    services: Services,
    session: Pick<RestoringSession, 'sources'>,
    log: SourceLog,
    sinkGrowth: SinkGrowth,
    onGrown: (growth: SourceGrowth) => void,
  ) {
    this.#services = services
    this.#session = session
    this.#log = log
    this.#sinkGrowth = sinkGrowth
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
    const { clock, options } = this.#services
    this.#timer = clock.setTimer({ afterMs: options.sourceRefreshMs }, () => void this.#look())
  }

  async #look(): Promise<void> {
    const { plan, logger } = this.#services
    try {
      this.#sinkGrowth.look(await this.#log.sinks())
      const topics = await this.#log.topics()
      const known = this.#session.sources.topics
      // Another topic of the same name is found by what reads it.
      const areSame = known.every(({ id }, source) => id === topics[source]?.id)
      if (areSame && areGrown(topics, known)) {
        const logEnds = await Promise.all(topics.map((topic) => this.#log.ends(topic)))
        this.#onGrown({ topics, logEnds })
      }
    } catch (error) {
      if (this.#isStopped) return
      logger.warn({ app: plan.name, err: error }, 'could not ask which partitions the source has; trying later')
    }
    if (!this.#isStopped) this.#lookLater()
  }
}
