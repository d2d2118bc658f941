/**
 * Topic follower: reads the topics that fill tables, each from the start of its log, and goes on as long as the process
 * takes part in its application, whether it is the active one or stands by with a table.
 *
 * State: by topic, the offset up to which each of its partitions was taken in; a fetcher for all of them, which is
 * replaced where a topic was given partitions.
 * Invariant: the records of a partition are taken in once each, in the order of their offsets, as far as a
 * `read_committed` consumer would see them.
 * Cost: one fetch for all topics together, beside that of the sources, on a connection of its own; each response is taken
 * in at once, so it is a small one.
 */
import type { Timer } from '../../core/clock.ts'
import { type FetchedResponse, Fetcher, listOffsets, partitionsOf, type Topic } from '../../kafka/index.ts'
import { BatchReader, type FetchedPartition, RecordColumns } from '../../kernel/index.ts'
import type { KafkaServices } from '../runtime/services.ts'
import { areGrown } from '../topics/sources.ts'
import { BadRowsNotice } from './bad-rows-notice.ts'
import type { TopicRows } from './topic-rows.ts'

/** Bytes that are taken in at a time. */
const fetchBytes = 1 << 20
const partitionBytes = 1 << 18
/** Time a broker waits for records when there are none, in milliseconds. */
const maxWaitMs = 500
const buffersPerLeader = 2

export class TopicFollower {
  readonly #services: KafkaServices
  readonly #tables: readonly TopicRows[]
  /** Is told of what cannot be read on, once. */
  readonly #onFailed: (error: unknown) => void
  readonly #notice: BadRowsNotice
  readonly #reader: BatchReader
  readonly #columns = new RecordColumns()
  /** As they were asked for last, in the order of the tables. */
  #topics: readonly Topic[]
  /** Offsets to take in next, by topic. */
  readonly #positions: number[][] = []
  /** What waits for more to be taken in. */
  readonly #waiting = new Set<() => void>()
  #started: Promise<void> | undefined
  #fetcher: Fetcher | undefined
  #timer: Timer | undefined
  #isStopped = false

  constructor(services: KafkaServices, tables: readonly TopicRows[], onFailed: (error: unknown) => void) {
    this.#services = services
    this.#tables = tables
    this.#onFailed = onFailed
    this.#topics = services.topics.lookups
    this.#notice = new BadRowsNotice(services)
    this.#reader = new BatchReader({ decompressedBytesMax: services.options.decompressedBytesMax })
  }

  /** Begins to read, once. */
  start(): Promise<void> {
    this.#started ??= this.#begin()
    // Whoever awaits it is told; the others are by `onFailed`.
    this.#started.catch((error: unknown) => this.#fail(error))
    return this.#started
  }

  /**
   * Resolves when the tables have what the topics have now, but for transactions that are open.
   *
   * @throws What asking for that fails with. It never settles where reading fails: see `onFailed`.
   */
  async caughtUp(): Promise<void> {
    await this.start()
    const { cluster, clock, logger, plan } = this.#services
    const beganMs = clock.monotonicMs()
    const ends = await Promise.all(this.#topics.map((topic) => listOffsets(cluster, topic, 'latest', 'read_committed')))
    await new Promise<void>((resolve) => {
      const look = () => {
        const isThere = ends.every((of, at) => of.every((end, partition) => this.#positions[at]![partition]! >= end))
        if (!isThere) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
    const ms = Math.round(clock.monotonicMs() - beganMs)
    const rows = Object.fromEntries(this.#tables.map(({ declaration, size }) => [declaration.name, size]))
    logger.info({ app: plan.name, rows, ms }, 'tables have all that the topics had that fill them')
  }

  stop(): void {
    this.#isStopped = true
    this.#fetcher?.stop()
    this.#timer?.cancel()
    this.#notice.stop()
  }

  async #begin(): Promise<void> {
    await this.#take(this.#topics)
    this.#lookLater()
  }

  /** Reads these topics, each partition from where it was taken in, or from the start of its log. */
  async #take(topics: readonly Topic[]): Promise<void> {
    const { cluster } = this.#services
    const starts = await Promise.all(topics.map((topic) => listOffsets(cluster, topic, 'earliest')))
    if (this.#isStopped) return
    this.#fetcher?.stop()
    this.#topics = topics
    for (const [at, ofTopic] of starts.entries()) {
      const known = this.#positions[at] ?? []
      this.#positions[at] = [...known, ...ofTopic.slice(known.length)]
    }
    const places = topics.flatMap((topic, at) => topic.partitions.map((_, partition) => ({ at, partition })))
    const fetcher = new Fetcher(
      {
        cluster,
        partitions: topics.flatMap(partitionsOf),
        purpose: 'fetch for tables',
        fetchBytes,
        partitionBytes,
        maxWaitMs,
        buffersPerLeader,
        onFetched: (response) => this.#fetched(fetcher, response, places),
        onFailed: (error) => this.#fail(error),
      },
      this.#positions.flat(),
    )
    this.#fetcher = fetcher
    fetcher.start()
  }

  #fetched(fetcher: Fetcher, { partitions, release }: FetchedResponse, places: readonly Place[]): void {
    // What was read ahead by a fetcher that has been replaced is read again by the next one.
    if (this.#isStopped || fetcher !== this.#fetcher) return release()
    try {
      for (const piece of partitions) this.#takeIn(piece, places[piece.partition]!)
    } catch (error) {
      this.#fail(error)
    }
    release()
    for (const look of this.#waiting) look()
  }

  #takeIn(piece: FetchedPartition, { at, partition }: Place): void {
    const rows = this.#tables[at]!
    this.#reader.open(piece)
    while (this.#reader.fill(this.#columns)) {
      const before = rows.badCount
      const bad = rows.take(this.#columns)
      if (bad !== undefined) this.#notice.note(rows, { ...bad, partition }, rows.badCount - before)
    }
    this.#positions[at]![partition] = piece.nextOffset
  }

  #lookLater(): void {
    const { clock, options } = this.#services
    if (this.#isStopped) return
    this.#timer = clock.setTimer({ afterMs: options.sourceRefreshMs }, () => void this.#look())
  }

  /** Takes in partitions that topics were given. */
  async #look(): Promise<void> {
    const { cluster, plan, logger } = this.#services
    try {
      const topics = await cluster.topics(this.#topics.map(({ name }) => name))
      // Another topic of the same name is found by what reads it.
      const areSame = topics.every(({ id }, at) => id === this.#topics[at]!.id)
      if (areSame && areGrown(topics, this.#topics)) await this.#take(topics)
    } catch (error) {
      if (this.#isStopped) return
      const sentence = 'could not ask which partitions the topics have that fill tables; trying later'
      logger.warn({ app: plan.name, err: error }, sentence)
    }
    this.#lookLater()
  }

  #fail(error: unknown): void {
    if (this.#isStopped) return
    this.stop()
    this.#onFailed(error)
  }
}

/** A partition of the topic of a table, by the number of that. */
interface Place {
  readonly at: number
  readonly partition: number
}
