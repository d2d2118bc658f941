/**
 * Source: reads the topics from all their leaders and turns what was fetched into batches of rows.
 *
 * State: a fetcher, which is as far ahead as it has buffers; a reader, which is within one response at a time; how fast
 * sources may be read, which outlives restarts.
 * Steps of a start: while the table lacks pending parts, give on those that are promoted, then read from the first of
 * the others to the end of the last epoch and give on nothing but those; then read on from there. Partitions that a
 * topic was given are taken in when all that is on its way has committed, and reading begins anew.
 * Invariant: the batches of a partition leave in the order of their offsets, without a gap.
 * Cost per record: its lengths are read once.
 */
import { type ActorContext, defineActor } from '../../actors/index.ts'
import type { FetchedResponse } from '../../kafka/index.ts'
import { BatchReader, type FetchedPartition } from '../../kernel/index.ts'
import { type RowsOpener, rowsOpener } from '../decoding/rows-opener.ts'
import { rowsExpired } from '../expiry/rows-expired.ts'
import type { CarefulMode } from '../poison/careful-mode.ts'
import { CarefulReader } from '../poison/careful-reader.ts'
import type { RestoringSession } from '../recovery/session.ts'
import { drained } from '../runtime/drained.ts'
import type { Life } from '../runtime/life.ts'
import type { RowsMessage, SourceMessage } from '../runtime/messages.ts'
import type { Ports, SourceFetcher } from '../runtime/ports.ts'
import { Lease } from '../runtime/row-batch.ts'
import type { Services } from '../runtime/services.ts'
import { isShardLost } from '../shards/shard-lost.ts'
import { SinkGrowth } from '../topics/sink-growth.ts'
import { type SourceGrowth, tellOfGrowth } from '../topics/source-growth.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
import { SourceRates } from '../topics/source-rates.ts'
import { SourceWatch } from '../topics/source-watch.ts'
import { areGrown, sourceOf } from '../topics/sources.ts'
import { keepsFinishedParts, entryId, type PlannedSource } from '../topology/plan.ts'
import { partitionsDiffer } from '../tasks/partitions-differ.ts'
import { isOwn, ofOwn, oneTask } from '../tasks/tasks.ts'
import type { Placement } from '../workers/placement.ts'
import type { ShardedCorrelateMessage } from './sharded-correlate.ts'

/** Threads that do not answer are found and ended by what runs them. */
const settleMsMax = 2 ** 31 - 1

export interface SourceParts {
  readonly services: Services
  readonly session: RestoringSession
  readonly ports: Pick<Ports, 'newFetcher' | 'sourceLog' | 'promotedParts'>
  /** How records are read that are new; absent in a standby, which reads none. */
  readonly careful?: CarefulMode
  readonly placement: Placement
  /** Called when the table has all pending parts. */
  readonly onRestored: () => void
}

export const source = (parts: SourceParts) => {
  const { plan, clock } = parts.services
  const rates = new SourceRates(plan, clock)
  const sinkGrowth = new SinkGrowth(parts.services)
  return defineActor<SourceMessage, Source>({
    name: plan.readerId,
    failingMessage: { retry: Infinity, afterwards: 'escalate' },
    // Of what it asks the correlation, which has ended for that.
    countsAgainstIntensity: (error) => !isShardLost(error),
    init: (context) => Source.start({ ...parts, rates, sinkGrowth }, context),
    onStop: (state) => state.stop(),
    handleInPlace: {
      begin: (state, { incarnation }) => state.begin(incarnation),
      promoted: (state, message) => state.takePromoted(message),
      fetched: (state, message) => state.takeFetched(message),
      failed: (state, { incarnation, error }) => state.fail(incarnation, error),
      grown: (state, { incarnation, growth }) => state.takeInPartitions(incarnation, growth),
      halt(state, { reply }) {
        state.stop()
        reply()
      },
    },
  })
}

interface PacedParts extends SourceParts {
  readonly rates: SourceRates
  readonly sinkGrowth: SinkGrowth
}

type Message<Type> = Extract<SourceMessage, { readonly type: Type }>

class Source {
  readonly #parts: PacedParts
  readonly #context: ActorContext<SourceMessage>
  readonly #life: Life
  readonly #reader: BatchReader
  /** Of the sources whose values have to be opened. */
  readonly #openers: ReadonlyMap<PlannedSource, RowsOpener | undefined>
  /** How far each partition has been read. */
  readonly #reached: Float64Array
  readonly #startedMs: number
  /** Absent where nothing new is read. */
  readonly #watch: SourceWatch | undefined
  #fetcher: SourceFetcher | undefined
  #isStopped = false

  private constructor(parts: PacedParts, context: ActorContext<SourceMessage>) {
    const { services, session, ports, careful } = parts
    this.#parts = parts
    this.#context = context
    this.#life = session.lives.current
    this.#reader = new BatchReader(services.options)
    this.#openers = new Map(services.plan.sources.map((each) => [each, rowsOpener(each)]))
    this.#reached = Float64Array.from(session.state.restoration.firstOffsets)
    this.#startedMs = services.clock.monotonicMs()
    const { incarnation } = this.#life
    this.#watch =
      careful &&
      new SourceWatch(services, session, ports.sourceLog, parts.sinkGrowth, (growth) => {
        void context.self.tell({ type: 'grown', incarnation, growth })
      })
  }

  static start(parts: PacedParts, context: ActorContext<SourceMessage>): Source {
    const { services, session } = parts
    const source = new Source(parts, context)
    const { rowBatches, incarnation } = source.#life
    const abandon = () => {
      rowBatches.abandon()
      // Who is ended within a message is not told to stop.
      source.stop()
    }
    context.signal.addEventListener('abort', abandon, { once: true })
    services.statistics.firstFetchMs ||= source.#startedMs
    const { restoration } = session.state
    restoration.beginAnew()
    void context.self.tell({ type: 'begin', incarnation })
    const [promoted] = restoration.promoted.places()
    if (promoted !== undefined) void context.self.tell({ type: 'promoted', incarnation })
    return source
  }

  /**
   * Reads. Not as a part of the start: what it waits for may be what another actor does that is to be restarted, and
   * nobody is as long as one starts.
   */
  async begin(incarnation: number): Promise<void> {
    if (incarnation === this.#life.incarnation) await this.#fetchOn()
  }

  stop(): void {
    this.#isStopped = true
    this.#fetcher?.stop()
    this.#watch?.stop()
  }

  async takePromoted({ incarnation }: Message<'promoted'>): Promise<void> {
    if (incarnation !== this.#life.incarnation) return
    const { session, ports } = this.#parts
    const { promoted, restoration } = session.state
    await ports.promotedParts(promoted.places, restoration.promoted, async (piece) => {
      this.#context.signal.throwIfAborted()
      await this.#readOut({ partitions: [piece], release() {} }, true)
      // No more of them are in memory than are on their way.
      await this.#life.rowBatches.whenIdle()
    })
    await this.#endRestoration()
  }

  async takeFetched({ fetcher, response }: Message<'fetched'>): Promise<void> {
    const { restoration } = this.#parts.session.state
    const { careful } = this.#parts
    // What was read ahead by a fetcher that has been replaced is read again by the next one.
    if (fetcher !== this.#fetcher || (restoration.isDone && careful === undefined)) return
    this.#count(response)
    if (!restoration.isDone) {
      await this.#readOut(response, false)
      for (const { partition, nextOffset } of response.partitions) {
        for (const lane of this.#partitions.lanesOf(partition)) this.#reached[lane] = nextOffset
      }
      await this.#endRestoration()
    } else if (careful?.isOn === true) await this.#readCarefully(careful, response)
    else await this.#readOut(response, false)
  }

  fail(incarnation: number, error: Message<'failed'>['error']): void {
    if (incarnation === this.#life.incarnation) throw error
  }

  /**
   * Takes in partitions that a source was given; while pending parts are read again that is left to the next look.
   */
  async takeInPartitions(incarnation: number, { topics, logEnds }: SourceGrowth): Promise<void> {
    const { services, session } = this.#parts
    const { state, sources } = session
    const known = sources.topics.map(({ partitions }) => partitions.length)
    if (incarnation !== this.#life.incarnation || this.#isStopped) return
    if (!areGrown(topics, sources.topics) || !state.restoration.isDone) return
    const { plan } = services
    const ofSources = topics.slice(0, plan.sources.length)
    if (state.tasks !== oneTask && areGrown(ofSources, sources.topics))
      throw partitionsDiffer(plan, ofSources, state.tasks.count)
    this.#fetcher?.stop()
    await drained(services, this.#life, this.#context)
    if (this.#context.signal.aborted) return
    sources.grow(topics)
    state.epochs.grow(ofOwn(state.tasks, endsOfFirsts(sources.partitions, logEnds), 0))
    tellOfGrowth(services.logger, plan, topics, known)
    await this.#fetchOn()
  }

  /** Reads from where the state is; an epoch that is due has committed before, and expired rows have left. */
  async #fetchOn(): Promise<void> {
    const { services, session, ports, careful, rates } = this.#parts
    const { state, sources } = session
    const { self } = this.#context
    const { incarnation } = this.#life
    if (state.restoration.isDone && careful !== undefined) {
      if (state.isEpochDue) await drained(services, this.#life, this.#context)
      await rowsExpired(services, this.#context)
    }
    const isRead = sources.partitions.firsts.map((number) => isOwn(state.tasks, number))
    const ofRead = <Value>(byFirst: readonly Value[]) => byFirst.filter((_, at) => isRead[at])
    const firsts = ofRead(sources.partitions.firsts)
    const ofRates = state.restoration.isDone ? rates.ofPartitions(sources.partitions) : undefined
    const fetcher: SourceFetcher = ports.newFetcher(
      {
        partitions: ofRead(sources.topicPartitions),
        firstOffsets: ofRead(sources.partitions.byFirst(state.restoration.firstOffsets)),
        rates: ofRates && ofRead(ofRates),
        isShared: session.shards?.areReading === true,
      },
      {
        onFetched: (response) => void self.tell({ type: 'fetched', fetcher, response: numbered(response, firsts) }),
        onFailed: (error) => void self.tell({ type: 'failed', incarnation, error }),
      },
    )
    this.#fetcher = fetcher
    fetcher.start()
  }

  /** Ends the restoration once all partitions have been read to the end of the last epoch, and reads on from there. */
  async #endRestoration(): Promise<void> {
    const { services, session, careful, onRestored } = this.#parts
    const { restoration, pending } = session.state
    if (!restoration.isReadAt(this.#reached)) return
    this.#fetcher?.stop()
    await this.#life.rowBatches.whenIdle()
    if (this.#context.signal.aborted) return
    if (session.shards === undefined) restoration.finish()
    else await this.#settleShards()
    onRestored()
    if (careful === undefined) return
    const ms = Math.round(services.clock.monotonicMs() - this.#startedMs)
    services.logger.info({ app: services.plan.name, pending: pending.count, ms }, 'has restored the pending parts')
    await this.#fetchOn()
  }

  /** What shards have been given of pending parts is there for good. */
  async #settleShards(): Promise<void> {
    const { plan } = this.#parts.services
    const { incarnation } = this.#life
    const { signal } = this.#context
    const correlate = this.#context.ref<ShardedCorrelateMessage>(plan.correlate.id)
    await correlate.ask({ type: 'restored', incarnation }, { timeoutMs: settleMsMax, signal })
  }

  /** Once a suspect is settled, all partitions are read again. */
  async #readCarefully(careful: CarefulMode, response: FetchedResponse): Promise<void> {
    const { services, session } = this.#parts
    const hadSuspect = careful.suspect !== undefined
    const reader = new CarefulReader({ services, session, careful, reader: this.#reader, context: this.#context })
    await reader.readOut(response)
    if (!hadSuspect || careful.suspect !== undefined || this.#context.signal.aborted) return
    this.#fetcher?.stop()
    await this.#fetchOn()
  }

  async #readOut(response: FetchedResponse, isPromoted: boolean): Promise<void> {
    const { services, session, placement } = this.#parts
    const { restoration } = session.state
    const { signal } = this.#context
    const { rowBatches, incarnation } = this.#life
    const reader = this.#reader
    const lease = new Lease(response.release)
    try {
      for (const partition of response.partitions) {
        if (session.shards?.areReading === true) {
          await this.#giveOut(partition, isPromoted, lease)
          continue
        }
        const source = sourceOf(services.plan, session.sources, partition.partition)
        // What was kept as functions have made it is shown to none.
        const isKept = isPromoted && keepsFinishedParts(services.plan)
        const firstId = isKept ? source.route.id : entryId(source)
        const entry = this.#context.ref<RowsMessage>(firstId)
        const open = isKept ? undefined : this.#openers.get(source)
        reader.open(partition)
        for (let sentOffset = partition.fromOffset; ; sentOffset = reader.reachedOffset) {
          const taken = rowBatches.take()
          const batch = taken instanceof Promise ? await taken : taken
          if (batch === undefined) return
          const hasRows = !signal.aborted && reader.fill(batch.columns)
          if (!hasRows && reader.reachedOffset === sentOffset) {
            batch.release()
            break
          }
          // Without rows it still tells how far the partition has been passed over.
          if (!hasRows) batch.columns.reset(partition.partition, partition.bytes, partition.view)
          if (!restoration.isDone) batch.columns.keep(this.#missing(partition.partition, isPromoted))
          session.sources.redriven.note(batch.columns)
          const openedOffset = open?.(batch.columns)
          const { endOffset } = partition
          batch.passOn({ incarnation, endOffset, isPromoted }, openedOffset ?? reader.reachedOffset, lease)
          if (openedOffset !== undefined) reader.open({ ...partition, fromOffset: openedOffset })
          placement.announce(firstId, batch, this.#context)
          await entry.tell({ type: 'rows', batch })
        }
      }
    } finally {
      lease.release()
    }
  }

  /** Passes on what was fetched of a partition, for shards to read. */
  async #giveOut(fetched: FetchedPartition, isPromoted: boolean, lease: Lease): Promise<void> {
    const { plan } = this.#parts.services
    const { rowBatches, incarnation } = this.#life
    const { partition, bytes, view, endOffset, nextOffset } = fetched
    const batch = await rowBatches.take()
    if (batch === undefined) return
    batch.columns.reset(partition, bytes, view)
    batch.passOn({ incarnation, endOffset, isPromoted }, nextOffset, lease)
    batch.fetched = fetched
    await this.#context.ref<RowsMessage>(plan.correlate.id).tell({ type: 'rows', batch })
  }

  /** Which offsets any lane of a partition lacks; a promoted part is of the one lane whose number it has. */
  #missing(partition: number, isPromoted: boolean): (offset: number) => boolean {
    const { restoration } = this.#parts.session.state
    const lanes = isPromoted ? [partition] : this.#partitions.lanesOf(partition)
    const missing = lanes.map((lane) => restoration.missing(lane, isPromoted))
    // Asked for each record of a backlog.
    if (missing.length === 1) return missing[0]!
    return (offset) => missing.some((isMissing) => isMissing(offset))
  }

  get #partitions(): SourcePartitions {
    return this.#parts.session.sources.partitions
  }

  #count({ partitions }: FetchedResponse): void {
    const { services, session } = this.#parts
    const { statistics } = services
    for (const { partition, start, end, fromOffset, nextOffset } of partitions) {
      statistics.sourceBytes += end - start
      statistics.sourceOffsets += nextOffset - fromOffset
      session.sources.noteFetched(partition, end - start, nextOffset - fromOffset)
    }
  }
}

/** Offsets after the last records, by number; 0 for further lanes, which hold nothing up. */
function endsOfFirsts(partitions: SourcePartitions, logEnds: readonly (readonly number[])[]): number[] {
  return partitions.byNumber(logEnds, 0).map((end, number) => (partitions.isFirst(number) ? end : 0))
}

/** What was fetched under the numbers of its partitions, where these are not the places in the list that is read. */
function numbered(response: FetchedResponse, numbers: readonly number[]): FetchedResponse {
  if (numbers.at(-1) === numbers.length - 1) return response
  const { partitions, release } = response
  return { partitions: partitions.map((each) => ({ ...each, partition: numbers[each.partition]! })), release }
}
