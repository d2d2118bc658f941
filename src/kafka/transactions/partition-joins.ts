import type { OutputBatch } from '../../kernel/index.ts'
import type { Topic } from '../cluster/topic.ts'

export interface PartitionJoinsOptions {
  /** Topics by the sink index that batches carry. */
  readonly topics: readonly Topic[]
  /** Takes partitions into the open transaction. */
  join(topics: JoiningTopic[]): Promise<void>
  send(batch: OutputBatch, onStored: () => void): void
  /** What `join` rejects with. */
  onFailed(error: unknown): void
}

export interface JoiningTopic {
  name: string
  partitions: number[]
}

interface Outgoing {
  readonly batch: OutputBatch
  readonly onStored: () => void
}

/**
 * Announces partitions to the coordinator before the first batch of each in a transaction of version 1. Batches wait
 * until their partition has joined; those of one turn of the event loop share a request.
 */
export class PartitionJoins {
  readonly #options: PartitionJoinsOptions
  readonly #joined = new Set<string>()
  #waiting: Outgoing[] = []
  #joining: Promise<void> | undefined

  constructor(options: PartitionJoinsOptions) {
    this.#options = options
  }

  /** Sends a batch once its partition has joined, and after those of that partition which wait. */
  send(batch: OutputBatch, onStored: () => void): void {
    if (this.#joined.has(keyOf(batch))) return this.#options.send(batch, onStored)
    this.#waiting.push({ batch, onStored })
    this.#joining ??= this.#join()
      .catch((error) => this.#options.onFailed(error))
      .finally(() => (this.#joining = undefined))
  }

  /** Resolves when no batch waits any more. */
  async whenJoined(): Promise<void> {
    await this.#joining
  }

  /** Drops the batches that wait. */
  giveUp(): void {
    this.#waiting = []
  }

  /** Begins the next transaction, which no partition has joined. */
  reset(): void {
    this.#joined.clear()
  }

  async #join(): Promise<void> {
    while (this.#waiting.length > 0) {
      await Promise.resolve()
      const partitions = this.#waiting.map(({ batch }) => ({ sink: batch.sink, partition: batch.partition }))
      const topics = this.#options.topics.map(({ name }, sink) => ({
        name,
        partitions: [...new Set(partitions.filter((p) => p.sink === sink).map(({ partition }) => partition))],
      }))
      await this.#options.join(topics.filter((topic) => topic.partitions.length > 0))
      for (const partition of partitions) this.#joined.add(keyOf(partition))
      // Others of the same partitions have come after them meanwhile, and must stay after them.
      const waiting = this.#waiting
      this.#waiting = waiting.filter(({ batch }) => !this.#joined.has(keyOf(batch)))
      for (const { batch, onStored } of waiting) if (this.#joined.has(keyOf(batch))) this.#options.send(batch, onStored)
    }
  }
}

function keyOf({ sink, partition }: { sink: number; partition: number }): string {
  return `${sink} ${partition}`
}
