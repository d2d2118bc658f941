import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import {
  Cluster,
  createTopics,
  fetchGroupOffsets,
  type GroupMember,
  listOffsets,
  type Topic,
  TransactionalProducer,
} from '../../src/kafka/index.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { MillraceError } from '../../src/core/errors.ts'
import { OutputBatch } from '../../src/kernel/index.ts'
import { readTopic } from '../integration/read-topic.ts'
import { until } from '../until.ts'

export const partitionCount = 3

export type Result = 'committed' | 'aborted' | 'unknown' | 'fenced'

export interface SessionOptions {
  readonly bootstrapServers: string
  /** Where the result is read, past any proxy. @defaultValue the same */
  readonly observedServers?: string
  readonly transactionVersion: 1 | 2
  readonly transactionTimeoutMs?: number
  readonly transactionalId?: string
  readonly member?: (stale?: GroupMember) => Promise<GroupMember>
  /** How many batches a transaction sends to each partition. @defaultValue 7, more than may be in flight */
  readonly batchesPerPartition?: number
}

export const noMember: GroupMember = { generationId: -1, memberId: '', groupInstanceId: null }

/**
 * A transactional producer that goes on after errors as its documentation says, with a book of what became of its
 * transactions, to be compared with what the broker shows.
 */
export class Session implements AsyncDisposable {
  readonly producer: TransactionalProducer
  readonly cluster: Cluster
  readonly topic: Topic
  readonly group: string
  readonly transactionalId: string
  /** What calls were rejected with, or was reported between them. */
  readonly failures: MillraceError[] = []
  #onFailed = () => {}
  readonly #observer: Cluster
  readonly #observedServers: string
  readonly #batchesPerPartition: number
  readonly #results: Result[] = []

  static async open(options: SessionOptions): Promise<Session> {
    const observedServers = options.observedServers ?? options.bootstrapServers
    const observer = new Cluster({ bootstrapServers: observedServers })
    const name = `transactions-${randomUUID()}`
    await createTopics(observer, [{ name, partitionCount }])
    const topic = await observer.topicWhenReady(name)
    const cluster = new Cluster({ bootstrapServers: options.bootstrapServers, clientId: name })
    await cluster.topicWhenReady(name)
    return new Session(options, { observer, observedServers, cluster, topic })
  }

  private constructor(
    {
      transactionVersion,
      transactionTimeoutMs = 60_000,
      transactionalId,
      member = async () => noMember,
      batchesPerPartition = 7,
    }: SessionOptions,
    place: { observer: Cluster; observedServers: string; cluster: Cluster; topic: Topic },
  ) {
    this.cluster = place.cluster
    this.topic = place.topic
    this.group = `${place.topic.name}-group`
    this.transactionalId = transactionalId ?? `${place.topic.name}-id`
    this.#observer = place.observer
    this.#observedServers = place.observedServers
    this.#batchesPerPartition = batchesPerPartition
    this.producer = new TransactionalProducer({
      cluster: place.cluster,
      topics: [place.topic],
      transactionalId: this.transactionalId,
      transactionTimeoutMs,
      group: this.group,
      member,
      onFailed: (error) => {
        this.failures.push(error)
        this.#onFailed()
      },
      transactionVersion,
    })
  }

  /** Queues the batches of the next transaction; resolves when all are stored, which they may never be. */
  send(): Promise<void> {
    const number = this.#results.length
    const stored = []
    for (let partition = 0; partition < partitionCount; partition++) {
      for (let i = 0; i < this.#batchesPerPartition; i++) {
        const batch = batchOf(partition, `${number} ${partition} ${i}`)
        stored.push(new Promise<void>((resolve) => this.producer.send(batch, resolve)))
      }
    }
    return Promise.all(stored).then(() => {})
  }

  /** Commits what was sent, together with the number of the transaction as the offsets. */
  async commit(): Promise<Result> {
    const number = this.#results.length
    const offsets = Array.from({ length: partitionCount }, () => number)
    const result = await this.producer.commit([{ topic: this.topic.name, offsets }]).then(
      () => 'committed' as const,
      (error: MillraceError) => this.#recover(error),
    )
    this.#results.push(result)
    return result
  }

  /** Does something, and resolves when the producer has reported that the transaction failed. */
  failed(act: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.#onFailed = resolve
      act()
    })
  }

  transact(): Promise<Result> {
    void this.send()
    return this.commit()
  }

  async abort(): Promise<void> {
    await this.producer.abort()
    this.#results.push('aborted')
  }

  async #recover(error: MillraceError): Promise<Result> {
    this.failures.push(error)
    if (error.code === 'TRANSACTION_FENCED') return 'fenced'
    if (error.code === 'TRANSACTION_OUTCOME_UNKNOWN') {
      await this.producer.begin()
      return 'unknown'
    }
    await this.producer.abort()
    return 'aborted'
  }

  /** Resolves when no transaction is open in the topic any more. */
  async settled(): Promise<void> {
    await until('no transaction is open', async () => {
      const [stable, end] = await Promise.all([
        listOffsets(this.#observer, this.topic, 'latest', 'read_committed'),
        listOffsets(this.#observer, this.topic, 'latest', 'read_uncommitted'),
      ])
      return stable.every((offset, partition) => offset === end[partition])
    })
  }

  /**
   * Holds the committed records and offsets against the book: all of a committed transaction in its order, nothing of
   * another. Returns which transactions of unknown outcome the broker has committed.
   */
  async verify(): Promise<number[]> {
    const records = await readTopic(this.#observedServers, this.topic.name)
    const seen = Map.groupBy(records, ({ value }) => Number(value!.split(' ')[0]))
    const isKnown = (number: number) => this.#results[number] === 'committed' || this.#results[number] === 'aborted'
    const decided = [...seen.keys()].filter((number) => !isKnown(number))
    const committed = this.#results.flatMap((result, number) =>
      result === 'committed' || decided.includes(number) ? [number] : [],
    )
    const shown = partitions((partition) =>
      records.filter((record) => record.partition === partition).map(({ value }) => value),
    )
    const expected = partitions((partition) =>
      committed.flatMap((number) =>
        Array.from({ length: this.#batchesPerPartition }, (_, i) => `${number} ${partition} ${i}`),
      ),
    )
    assert.deepEqual(shown, expected)
    assert.deepEqual(
      await this.committedOffsets(),
      partitions(() => committed.at(-1)),
    )
    return decided
  }

  committedOffsets(): Promise<(number | undefined)[]> {
    const stable = { requireStable: true }
    return fetchGroupOffsets(this.#observer, this.group, this.topic.name, partitionCount, stable)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.producer.stop()
    await this.cluster.close()
    await this.#observer.close()
  }
}

function partitions<Value>(of: (partition: number) => Value): Value[] {
  return Array.from({ length: partitionCount }, (_, partition) => of(partition))
}

/** A batch of one record. */
function batchOf(partition: number, value: string): OutputBatch {
  const batch = new OutputBatch(200)
  batch.reset(0, partition)
  batch.baseTimestamp = batch.maxTimestamp = systemClock.nowMs()
  const bytes = Buffer.from(value)
  // Attributes, timestamp and offset of the record are 0; it has no key and no headers. Lengths are zigzag.
  const record = Buffer.concat([Buffer.from([0, 0, 0, 1, bytes.length * 2]), bytes, Buffer.from([0])])
  batch.buffer.set([record.length * 2, ...record], batch.position)
  batch.position += 1 + record.length
  batch.count = 1
  return batch
}
