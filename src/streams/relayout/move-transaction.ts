import type { MillraceError } from '../../core/errors.ts'
import { type Cluster, type Topic, TransactionalProducer } from '../../kafka/index.ts'
import { type OutputBatch, OutputBuilder } from '../../kernel/index.ts'
import { asNobody } from '../recovery/fence.ts'
import { readSettings } from '../topics/topic-settings.ts'
import type { SourceOffsets } from '../runtime/ports.ts'

/** Batches that are written at a time, in bytes. */
const unstoredBytesMax = 32 << 20
const batchBytes = 256 << 10

/**
 * The one transaction with which a program moves from one layout to the other. It has the transactional id of the
 * program: so each start of the layout `single` ends it, and so does each member that finds this id in a note.
 */
export class MoveTransaction {
  readonly #producer: TransactionalProducer
  readonly #builders: ReadonlyMap<string, OutputBuilder>
  #unstoredBytes = 0
  #stored = Promise.withResolvers<void>()

  /** Resolves once nobody else can write who has written as the program. @param topics - To which is written. */
  static async begin(
    cluster: Cluster,
    app: string,
    topics: readonly Topic[],
    transactionTimeoutMs: number,
  ): Promise<MoveTransaction> {
    const sizes = await Promise.all(topics.map((topic) => readSettings(cluster, topic)))
    const move = new MoveTransaction(
      cluster,
      app,
      topics,
      sizes.map(({ batchBytesMax }) => Math.min(batchBytes, batchBytesMax)),
      transactionTimeoutMs,
    )
    await move.#producer.begin()
    return move
  }

  private constructor(
    cluster: Cluster,
    app: string,
    topics: readonly Topic[],
    sizes: readonly number[],
    transactionTimeoutMs: number,
  ) {
    this.#producer = new TransactionalProducer({
      cluster,
      topics,
      transactionalId: app,
      transactionTimeoutMs,
      group: app,
      member: asNobody,
      onFailed: (error: MillraceError) => this.#stored.reject(error),
    })
    this.#stored.promise.catch(() => {})
    this.#builders = new Map(
      topics.map((topic, sink) => {
        const partitionCount = topic.partitions.length
        const onFilled = (batch: OutputBatch) => this.#send(builder, batch)
        const builder: OutputBuilder = new OutputBuilder({ sink, partitionCount, batchBytes: sizes[sink]!, onFilled })
        return [topic.name, builder]
      }),
    )
  }

  /** What is written to a topic. */
  out({ name }: Topic): OutputBuilder {
    return this.#builders.get(name)!
  }

  /** Resolves once there is room for more; undefined where there is. */
  room(): Promise<void> | undefined {
    return this.#unstoredBytes < unstoredBytesMax ? undefined : this.#stored.promise
  }

  /** Resolves once all is stored that was written. */
  async stored(): Promise<void> {
    for (const out of this.#builders.values()) out.flush()
    while (this.#unstoredBytes > 0) await this.#stored.promise
  }

  /** Commits all that was written, and offsets of the program. */
  async commit(offsets: readonly SourceOffsets[]): Promise<void> {
    for (const out of this.#builders.values()) out.flush()
    await this.#producer.commit(offsets)
  }

  /** Ends it without a commit, where that has not been. */
  async end(): Promise<void> {
    await this.#producer.abort().catch(() => {})
    this.#producer.stop()
  }

  #send(builder: OutputBuilder, batch: OutputBatch): void {
    const bytes = batch.position
    this.#unstoredBytes += bytes
    this.#producer.send(batch, () => {
      builder.recycle(batch)
      this.#unstoredBytes -= bytes
      this.#stored.resolve()
      this.#stored = Promise.withResolvers()
      this.#stored.promise.catch(() => {})
    })
  }
}
