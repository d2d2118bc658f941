export interface CommittedOffset {
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string | null
}

/** The offsets one consumer group has committed, by topic and partition. */
export class CommittedOffsets {
  readonly #byTopic = new Map<string, Map<number, CommittedOffset>>()

  get(topic: string, partition: number): CommittedOffset | undefined {
    return this.#byTopic.get(topic)?.get(partition)
  }

  set(topic: string, partition: number, committed: CommittedOffset): void {
    const partitions = this.#byTopic.get(topic) ?? new Map<number, CommittedOffset>()
    this.#byTopic.set(topic, partitions.set(partition, committed))
  }

  delete(topic: string, partition: number): void {
    this.#byTopic.get(topic)?.delete(partition)
  }

  deleteTopic(topic: string): void {
    this.#byTopic.delete(topic)
  }

  /** The topics with their partitions that have an offset. */
  partitions(): { topic: string; partitions: number[] }[] {
    return Array.from(this.#byTopic, ([topic, partitions]) => ({ topic, partitions: [...partitions.keys()] }))
  }
}
