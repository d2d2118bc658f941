import type { Topic } from '../../kafka/index.ts'
import type { Logger } from '../logs/logger.ts'
import type { Plan } from '../topology/plan.ts'

/** The sources with partitions that they were given. */
export interface SourceGrowth {
  readonly topics: readonly Topic[]
  /** Offsets after the last records, by source and partition. */
  readonly logEnds: readonly (readonly number[])[]
}

/** @param known - How many partitions of each source are known. */
export function tellOfGrowth(
  logger: Logger,
  { name: app }: Plan,
  topics: readonly Topic[],
  known: readonly number[],
): void {
  topics.forEach(({ name: topic, partitions }, source) => {
    if (partitions.length <= known[source]!) return
    const facts = { app, topic, partitions: partitions.length, known: known[source]! }
    logger.info(facts, 'the source was given partitions: reading them from offset 0')
  })
}
