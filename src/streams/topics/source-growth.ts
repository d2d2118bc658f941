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
  { name: app, redriveTopic }: Plan,
  topics: readonly Topic[],
  known: readonly number[],
): void {
  topics.forEach(({ name: topic, partitions }, source) => {
    const knownCount = known[source] ?? 0
    if (partitions.length <= knownCount) return
    const facts = { app, topic, partitions: partitions.length, known: knownCount }
    if (topic === redriveTopic)
      return logger.info(facts, 'dead letters are to be redriven: reading them from their topic')
    logger.info(facts, 'the source was given partitions: reading them from offset 0')
  })
}
