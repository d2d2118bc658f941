import type { Topic } from '../../kafka/index.ts'
import type { Logger } from '../logs/logger.ts'
import type { Plan } from '../topology/plan.ts'

/** The source with partitions that it was given. */
export interface SourceGrowth {
  readonly topic: Topic
  /** Offsets after the last records, by partition. */
  readonly logEnds: readonly number[]
}

export function tellOfGrowth(logger: Logger, { name }: Plan, { name: topic, partitions }: Topic, known: number): void {
  const facts = { app: name, topic, partitions: partitions.length, known }
  logger.info(facts, 'the source was given partitions: reading them from offset 0')
}
