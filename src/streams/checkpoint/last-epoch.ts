import { type Cluster, type Topic, topicRange } from '../../kafka/index.ts'
import { plainRecord, type RecordColumns } from '../../kernel/index.ts'
import { readRecords } from '../topics/record-reader.ts'
import { manifestKey } from './checkpoint-topic.ts'
import { decodeManifest } from './manifest.ts'

/** Which epoch of a checkpoint topic is the last: each look reads what is new since the one before. */
export class LastEpoch {
  readonly #cluster: Cluster
  readonly #topic: Topic
  #reached: number
  #epoch: number

  /**
   * @param reached - Offset up to which the topic has been read.
   * @param epoch - The last one up to there; 0 when there is none.
   */
  constructor(cluster: Cluster, topic: Topic, reached: number, epoch: number) {
    this.#cluster = cluster
    this.#topic = topic
    this.#reached = reached
    this.#epoch = epoch
  }

  /** Reads to the end of the topic. Waits for open transactions. */
  async read(): Promise<number> {
    const cluster = this.#cluster
    const topic = this.#topic
    const { starts, ends } = await topicRange(cluster, topic)
    const range = { starts: starts.map((start) => Math.max(start, this.#reached)), ends }
    await readRecords({ cluster, topic, range }, (columns) => this.#take(columns))
    this.#reached = Math.max(this.#reached, ...ends)
    return this.#epoch
  }

  #take(columns: RecordColumns): void {
    for (let row = 0; row < columns.count; row++) {
      const { key, value } = plainRecord(columns, row)
      if (key === undefined || value === undefined || Buffer.from(key).toString() !== manifestKey) continue
      this.#epoch = decodeManifest(value).epoch
    }
  }
}
