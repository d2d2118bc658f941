import { MillraceError } from '../../core/errors.ts'
import { type Cluster, type Topic, topicRange } from '../../kafka/index.ts'
import { plainRecord, type RecordColumns } from '../../kernel/index.ts'
import { oneTask, type Tasks } from '../tasks/tasks.ts'
import { readRecords } from '../topics/record-reader.ts'
import { after, furthest, ofPartitions } from '../topics/topic-ranges.ts'
import { manifestKey } from './checkpoint-topic.ts'
import { decodeManifest, type TaskOfManifest } from './manifest.ts'

/** Which epoch of a checkpoint topic is the last: each look reads what is new since the one before. */
export class LastEpoch {
  readonly #cluster: Cluster
  readonly #topic: Topic
  readonly #tasks: Tasks
  #reached: readonly number[]
  #epoch: number

  /**
   * @param reached - Offsets up to which the topic has been read, by partition.
   * @param epoch - The last one up to there; 0 when there is none.
   */
  constructor(cluster: Cluster, topic: Topic, reached: readonly number[], epoch: number, tasks: Tasks = oneTask) {
    this.#cluster = cluster
    this.#topic = topic
    this.#tasks = tasks
    this.#reached = reached
    this.#epoch = epoch
  }

  /**
   * Reads to the end of the topic. Waits for open transactions.
   *
   * @throws MillraceError `CHECKPOINT_FOREIGN` where another member has gone on with one of these tasks.
   */
  async read(): Promise<number> {
    const cluster = this.#cluster
    const topic = this.#topic
    const range = after(ofPartitions(await topicRange(cluster, topic), this.#tasks.own), this.#reached)
    // A member goes on at once with what it has; its own fetches of before may still be held by brokers.
    const isUrgent = this.#tasks.writer !== undefined
    await readRecords({ cluster, topic, range, isUrgent }, (columns) => this.#take(columns))
    this.#reached = furthest(range.ends, this.#reached)
    return this.#epoch
  }

  #take(columns: RecordColumns): void {
    for (let row = 0; row < columns.count; row++) {
      const { key, value } = plainRecord(columns, row)
      if (key === undefined || value === undefined || Buffer.from(key).toString() !== manifestKey) continue
      const { epoch, task } = decodeManifest(value)
      if (task?.writer !== this.#tasks.writer) throw foreign(task!)
      this.#epoch = epoch
    }
  }
}

function foreign({ number, writer }: TaskOfManifest): MillraceError {
  const text = `"${writer}" has gone on with task ${number}, which this process took for its own`
  return new MillraceError('CHECKPOINT_FOREIGN', text, { task: number, writer })
}
