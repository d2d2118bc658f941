import type { Topic } from '../../kafka/index.ts'
import type { Services } from '../runtime/services.ts'
import { outputSinks } from './program-topics.ts'

/** Tells where the topics of merged records were given partitions, of each growth once: a process uses those it had. */
export class SinkGrowth {
  readonly #services: Pick<Services, 'plan' | 'logger'>
  /** By sink of the plan: partitions that are used, and those that were told of. */
  readonly #used: readonly number[]
  readonly #told: number[]

  constructor({ plan, logger, topics }: Pick<Services, 'plan' | 'logger' | 'topics'>) {
    this.#services = { plan, logger }
    this.#used = outputSinks(plan).merged.map((sink) => topics.sinks[sink]!.partitions.length)
    this.#told = [...this.#used]
  }

  /** @param topics - Those of merged records as they are now, in the order of the plan. */
  look(topics: readonly Topic[]): void {
    const { plan, logger } = this.#services
    for (const [sink, { name: topic, partitions }] of topics.entries()) {
      if (partitions.length <= this.#told[sink]!) continue
      this.#told[sink] = partitions.length
      logger.warn(
        { app: plan.name, topic, partitions: partitions.length, used: this.#used[sink]! },
        'a sink was given partitions: this process writes to those that it had; the next one uses all, and most keys then have another partition than before',
      )
    }
  }
}
