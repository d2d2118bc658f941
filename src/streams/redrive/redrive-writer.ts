import type { MillraceError } from '../../core/errors.ts'
import { type Cluster, type Topic, TransactionalProducer } from '../../kafka/index.ts'
import { OutputBuilder, type PlainRecord, writePlainRecord } from '../../kernel/index.ts'
import { encodeLetterHeader, type RedrivenLetter } from './letter-header.ts'

const batchBytes = 16 << 10
const transactionTimeoutMs = 60_000

/** A letter with its record as it was in its source. */
export interface LetterRecord {
  readonly letter: RedrivenLetter
  readonly record: PlainRecord
  readonly timestampMs: number
  /** Of the topic of redriven letters. */
  readonly partition: number
}

/**
 * Writes letters into the topic of redriven letters. Only one process at a time can: what another one has not committed
 * when this one begins never will be.
 */
export class RedriveWriter {
  readonly #producer: TransactionalProducer
  readonly #out: OutputBuilder

  private constructor(cluster: Cluster, app: string, topic: Topic) {
    this.#producer = new TransactionalProducer({
      cluster,
      topics: [topic],
      transactionalId: topic.name,
      transactionTimeoutMs,
      group: app,
      // No offsets are committed.
      member: async () => ({ generationId: -1, memberId: '', groupInstanceId: null }),
      // `commit` rejects with the same.
      onFailed(_error: MillraceError) {},
    })
    this.#out = new OutputBuilder({
      sink: 0,
      partitionCount: topic.partitions.length,
      batchBytes,
      onFilled: (batch) => this.#producer.send(batch, () => this.#out.recycle(batch)),
    })
  }

  /** Resolves when all is written that any process before has committed. */
  static async begin(cluster: Cluster, app: string, topic: Topic): Promise<RedriveWriter> {
    const writer = new RedriveWriter(cluster, app, topic)
    await writer.#producer.begin()
    return writer
  }

  /** Writes all of them, or none. */
  async write(letters: readonly LetterRecord[]): Promise<void> {
    for (const { letter, record, timestampMs, partition } of letters) {
      const header = encodeLetterHeader(letter)
      writePlainRecord(this.#out, partition, timestampMs, {
        ...record,
        headerCount: record.headerCount + 1,
        headers: Buffer.concat([record.headers, header]),
      })
    }
    this.#out.flush()
    await this.#producer.commit([])
  }

  stop(): void {
    this.#producer.stop()
  }
}
