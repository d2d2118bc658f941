export interface CommittedOffset {
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string
}

/** An offset, and how many the group had been sent before it. */
interface SentOffset extends CommittedOffset {
  readonly place: number
}

/**
 * The offsets one consumer group has committed, and those that wait for their transaction to end. As with Kafka, the
 * one that was sent last stays, whoever commits last (`findings/transactional-offsets-order.sh`).
 */
export class GroupOffsets {
  readonly #committed = new OffsetTable()
  readonly #pending = new Map<number, OffsetTable>()
  #sentCount = 0

  get(topic: string, partition: number): CommittedOffset | undefined {
    return this.#committed.get(topic, partition)
  }

  /** Whether a transaction may yet change what `get` answers. */
  isUnstable(topic: string, partition: number): boolean {
    return [...this.#pending.values()].some((offsets) => offsets.get(topic, partition) !== undefined)
  }

  commit(topic: string, partition: number, committed: CommittedOffset): void {
    this.#committed.set(topic, partition, this.#placed(committed))
  }

  commitInTransaction(producerId: number, topic: string, partition: number, committed: CommittedOffset): void {
    const offsets = this.#pending.get(producerId) ?? new OffsetTable()
    this.#pending.set(producerId, offsets)
    offsets.set(topic, partition, this.#placed(committed))
  }

  endTransaction(producerId: number, isCommit: boolean): void {
    const offsets = this.#pending.get(producerId)
    this.#pending.delete(producerId)
    if (!isCommit || offsets === undefined) return
    for (const [topic, partition, sent] of offsets.entries()) {
      const present = this.#committed.get(topic, partition)
      if (present === undefined || present.place < sent.place) this.#committed.set(topic, partition, sent)
    }
  }

  delete(topic: string, partition: number): void {
    this.#committed.delete(topic, partition)
  }

  deleteTopic(topic: string): void {
    this.#committed.deleteTopic(topic)
    for (const offsets of this.#pending.values()) offsets.deleteTopic(topic)
  }

  /** The topics with their partitions that have an offset. */
  partitions(): { topic: string; partitions: number[] }[] {
    return this.#committed.partitions()
  }

  #placed(committed: CommittedOffset): SentOffset {
    return { ...committed, place: this.#sentCount++ }
  }
}

/** Offsets by topic and partition. */
class OffsetTable {
  readonly #byTopic = new Map<string, Map<number, SentOffset>>()

  get(topic: string, partition: number): SentOffset | undefined {
    return this.#byTopic.get(topic)?.get(partition)
  }

  set(topic: string, partition: number, sent: SentOffset): void {
    const partitions = this.#byTopic.get(topic) ?? new Map<number, SentOffset>()
    this.#byTopic.set(topic, partitions.set(partition, sent))
  }

  delete(topic: string, partition: number): void {
    const partitions = this.#byTopic.get(topic)
    partitions?.delete(partition)
    if (partitions?.size === 0) this.#byTopic.delete(topic)
  }

  deleteTopic(topic: string): void {
    this.#byTopic.delete(topic)
  }

  *entries(): Generator<[topic: string, partition: number, sent: SentOffset]> {
    for (const [topic, partitions] of this.#byTopic) {
      for (const [partition, sent] of partitions) yield [topic, partition, sent]
    }
  }

  partitions(): { topic: string; partitions: number[] }[] {
    return Array.from(this.#byTopic, ([topic, partitions]) => ({ topic, partitions: [...partitions.keys()] }))
  }
}
