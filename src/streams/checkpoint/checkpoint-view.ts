import {
  type Cluster,
  type Topic,
  type TopicRange,
  topicRange,
  type TransactionWait,
  untilStable,
} from '../../kafka/index.ts'
import { plainRecord, type RecordColumns, RecordPlace } from '../../kernel/index.ts'
import { readRecords } from '../topics/record-reader.ts'
import { type CheckpointRecords, manifestOf } from './checkpoint-records.ts'
import { CheckpointTables, isRowKey } from '../tables/checkpoint-tables.ts'
import { PromotedPlaces } from '../retention/promoted-places.ts'
import { after, furthest } from '../topics/topic-ranges.ts'
import { belongsToManifest, keyIn, manifestKey, ofTask, taskOfKey, placeOfPart } from './checkpoint-topic.ts'
import type { Manifest } from './manifest.ts'

/**
 * Reads a checkpoint topic to the last epoch that a `read_committed` consumer sees whole: it may be the checkpoint of a
 * program that goes on meanwhile, and the manifest is the last record of its epoch. Waits for open transactions.
 *
 * @param wait - How long. @defaultValue without a bound
 * @throws KafkaError `KAFKA_TRANSACTION_OPEN`
 */
export async function readAll(cluster: Cluster, topic: Topic, wait?: TransactionWait): Promise<CheckpointView> {
  const view = new CheckpointView()
  const range = await topicRange(cluster, topic)
  if (wait !== undefined) await untilStable(cluster, topic, range.ends, wait)
  await view.readOn(cluster, topic, range)
  return view
}

/** In place of the bytes of a promoted part, which are read when they are needed: there may be more than memory takes. */
const elsewhere = new Uint8Array(0)

/**
 * What a checkpoint topic says as far as it was read, without the bytes of promoted parts: each reading goes on where
 * the one before has ended.
 */
export class CheckpointView {
  /** Where promoted parts are. */
  readonly promotedPlaces = new PromotedPlaces()
  /** Rows of tables. */
  readonly tables = new CheckpointTables()
  readonly #keepsTables: boolean
  readonly #place = new RecordPlace()
  readonly #records = new Map<string, Uint8Array>()
  /** Of epochs whose manifests have not come yet, by partition of the topic. */
  readonly #changes = new Map<number, Map<string, Uint8Array | undefined>>()
  #reached: readonly number[] = []

  /** @param keepsTables - Whether rows of tables are kept, of which there may be many. */
  constructor({ keepsTables = true } = {}) {
    this.#keepsTables = keepsTables
  }

  /** Offsets up to which it was read, by partition. */
  get reached(): readonly number[] {
    return this.#reached
  }

  get records(): CheckpointRecords {
    return this.#records
  }

  /**
   * Reads what the topic has up to the end of a range.
   *
   * @param isUrgent - Whether that must not wait behind fetches of this process that brokers hold back.
   * @returns How many records there were.
   */
  async readOn(cluster: Cluster, topic: Topic, toRead: TopicRange, isUrgent = false): Promise<number> {
    const range = after(toRead, this.#reached)
    let count = 0
    await readRecords({ cluster, topic, range, isUrgent }, (columns) => {
      this.#take(columns)
      count += columns.count
    })
    this.#reached = furthest(range.ends, this.#reached)
    this.promotedPlaces.reached = this.#reached
    return count
  }

  /** Takes over what another one has read of the checkpoints of other tasks. Nobody may read with either meanwhile. */
  takeOver(other: CheckpointView): void {
    for (const [name, bytes] of other.#records) this.#records.set(name, bytes)
    for (const [task, changes] of other.#changes) this.#changes.set(task, changes)
    this.promotedPlaces.takeOver(other.promotedPlaces)
    this.#reached = furthest(other.#reached, this.#reached)
    this.promotedPlaces.reached = this.#reached
  }

  /**
   * Forgets what it has read of the checkpoints of other tasks: whoever has them now writes on, and what was pending or
   * promoted then means nothing any more.
   *
   * @param own - The tasks that are kept. @param taskOf - The task of a source partition, by its number.
   */
  forgetAllBut(own: readonly number[], taskOf: (number: number) => number): void {
    const isForgotten = this.#reached.map((offset, task) => offset > 0 && !own.includes(task))
    if (!isForgotten.includes(true)) return
    for (const name of this.#records.keys()) {
      const task = taskOfKey(name, taskOf)
      if (task !== undefined && isForgotten[task] === true) this.#records.delete(name)
    }
    for (const [task, isOther] of isForgotten.entries()) {
      if (!isOther) continue
      for (const name of ofTask) this.#records.delete(keyIn(task, name))
      this.#changes.delete(task)
    }
    this.#reached = this.#reached.map((offset, task) => (isForgotten[task] === true ? 0 : offset))
    this.promotedPlaces.reached = this.#reached
  }

  #take(columns: RecordColumns): void {
    const { partition } = columns
    let changes = this.#changes.get(partition)
    if (changes === undefined) this.#changes.set(partition, (changes = new Map()))
    // Those since the last manifest.
    let tableRows: number[] = []
    for (let row = 0; row < columns.count; row++) {
      this.#place.find(columns, row)
      if (isRowKey(columns.bytes, this.#place.keyStart, this.#place.keyEnd)) {
        tableRows.push(row)
        continue
      }
      const { key, value } = plainRecord(columns, row)
      if (key === undefined) continue
      const name = Buffer.from(key).toString()
      const part = placeOfPart(name)
      if (part !== undefined && value !== undefined) {
        this.promotedPlaces.note([part.partition, part.offset], columns.offset[row]!, partition)
      }
      const bytes = value && (part === undefined ? Uint8Array.from(value) : elsewhere)
      if (belongsToManifest(name)) {
        changes.set(name, bytes)
        continue
      }
      this.#put(keyIn(partition, name), bytes)
      if (name !== manifestKey) continue
      changes.forEach((changed, of) => this.#put(of, changed))
      changes.clear()
      this.#stage(columns, tableRows)
      this.tables.settle()
      tableRows = []
    }
    this.#stage(columns, tableRows)
  }

  #stage(columns: RecordColumns, rows: readonly number[]): void {
    if (this.#keepsTables && rows.length > 0) this.tables.stage(columns, rows, this.#place)
  }

  #put(name: string, bytes: Uint8Array | undefined): void {
    if (bytes === undefined) this.#records.delete(name)
    else this.#records.set(name, bytes)
  }
}

/**
 * Records at the end of a checkpoint topic among which its last manifest is, unless an epoch has promoted many parts.
 */
const recentRecords = 1_000

/** The last manifest that a checkpoint topic has now, if it is found near its end. Waits for no open transaction. */
export async function recentManifest(cluster: Cluster, topic: Topic): Promise<Manifest | undefined> {
  const { starts, ends } = await topicRange(cluster, topic, 'read_committed')
  const range = { starts: starts.map((start, partition) => Math.max(start, ends[partition]! - recentRecords)), ends }
  const view = new CheckpointView({ keepsTables: false })
  await view.readOn(cluster, topic, range)
  return manifestOf(view.records)
}
