import { type Cluster, deleteRecords } from '../../kafka/index.ts'
import type { Logger } from '../logs/logger.ts'
import type { Session } from '../recovery/session.ts'

/** Offsets of a topic that are needed no longer and are there all the same, before they are deleted. */
const needlessMax = 100_000

/**
 * Deletes the records of an internal topic that the subtopology which reads it needs no longer: those before what it
 * reads next and before what a start would read again. So a topic holds what is not consumed yet, the pending parts that
 * are not promoted with what lies between (`replayRecordsMax`), and 100,000 offsets more.
 *
 * State: before which offsets it has deleted.
 */
export class InternalTopicCleaner {
  readonly #cluster: Cluster
  readonly #app: string
  readonly #topic: string
  readonly #logger: Logger
  /** By partition. */
  #deleted: readonly number[] = []
  #isAtWork = false

  /** @param app - The subtopology that reads the topic. */
  constructor(cluster: Cluster, app: string, topic: string, logger: Logger) {
    this.#cluster = cluster
    this.#app = app
    this.#topic = topic
    this.#logger = logger
  }

  /** The subtopology has just committed an epoch, and closed no other one. */
  look(session: Session): void {
    if (this.#isAtWork || !session.state.restoration.isDone) return
    const offsets = neededFrom(session, this.#topic)
    const needless = offsets.reduce(
      (sum, offset, partition) => sum + Math.max(0, offset - (this.#deleted[partition] ?? 0)),
      0,
    )
    if (needless > needlessMax) void this.#delete(offsets)
  }

  async #delete(offsets: readonly number[]): Promise<void> {
    this.#isAtWork = true
    try {
      await deleteRecords(this.#cluster, this.#topic, offsets)
      this.#deleted = offsets
    } catch (error) {
      const facts = { app: this.#app, topic: this.#topic, err: error }
      this.#logger.warn(facts, 'could not delete records of an internal topic that are needed no longer; trying later')
      // The topic grows by as much again first.
      this.#deleted = offsets
    }
    this.#isAtWork = false
  }
}

/**
 * By partition of the topic, the offset before which nothing is read any more, whatever happens; 0 of those that are
 * others' to read.
 */
export function neededFrom({ state, sources }: Pick<Session, 'state' | 'sources'>, topic: string): number[] {
  const { committedOffsets } = state.accounting
  const offsets: number[] = []
  for (const number of sources.partitions.list.keys()) {
    const place = sources.partitions.placeOf(number)
    if (place.topic !== topic) continue
    offsets[place.partition] = Math.min(committedOffsets[number]!, state.promoted.firstNeeded(number) ?? Infinity)
  }
  return offsets
}
