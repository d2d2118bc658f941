import type { ActorRef } from '../../actors/index.ts'
import {
  codecs,
  deadLetterReasons,
  type HandedRecord,
  type OutputBatch,
  OutputBuilder,
  type PendingRow,
  Reason,
  type RoutedTopic,
} from '../../kernel/index.ts'
import { causesOf } from '../dead-letters/dead-letter-cause.ts'
import { DeadLetterEncoder } from '../dead-letters/dead-letter.ts'
import type { PartRecords } from '../dead-letters/part-records.ts'
import { WaitingLetters } from '../dead-letters/waiting-letters.ts'
import { ExpiredRowEncoder, type ExpiredSink } from '../expiry/expired-row.ts'
import type { DeadLetterNotice } from '../logs/dead-letter-notice.ts'
import { MergedFunctions } from '../merged/merged-functions.ts'
import { MergedPublisher, type MergedSink } from '../merged/merged-publisher.ts'
import type { WrittenTopic } from '../observe/meters.ts'
import type { Session } from '../recovery/session.ts'
import type { Life } from '../runtime/life.ts'
import type { SinkMessage } from '../runtime/messages.ts'
import type { Services } from '../runtime/services.ts'
import { TimestampWindow } from '../time/timestamp-window.ts'
import { checkpointSink, deadLetterSink, mergedSink, outputSinks, recordBytesMax } from '../topics/program-topics.ts'
import { expiryTopicOf, expiryTopics } from '../topology/plan-leaving.ts'
import { isHandedOver } from '../topology/plan.ts'
import type { ResultOutputs } from '../windows/window-results.ts'
import { mergedNames } from '../topology/merged-names.ts'
import { followed } from '../tracing/followed.ts'

/** Reasons of rows on which functions after the merge have failed, which say why. */
const ofFunctions: ReadonlySet<number> = new Set([Reason.MERGE_FAILED, Reason.MERGE_NOT_JSON])

/**
 * Batches of routed parts are larger than those of a sink, which anyone may read: with a quarter of the batches a broker
 * takes a third less CPU for the same parts. Those that are being filled take no more memory than this together.
 */
const routedBatchBytes = 256 << 10
const routedBatchesBytes = 16 << 20

/** Reserved for batches of merged records, or of routed parts: about as much as they take where a broker is busy. */
const reservedBytes = 32 << 20

/** A record leaves with the epoch after the one that is being committed, so by then two may have taken their time. */
const epochsUnderWay = 2

/**
 * What leaves with the current epoch: merged records, dead letters, expired rows and checkpoint, encoded into a batch
 * for each partition of their topics. Full batches go to the sink, which gives their memory back when they are stored.
 *
 * State: the batches being filled; full ones that are still to be sent, because builders cannot wait.
 */
export class Outputs {
  readonly deadLetters: DeadLetterEncoder
  readonly expiredRows: ExpiredRowEncoder
  readonly #services: Services
  readonly #session: Session
  readonly #life: Life
  readonly #builders: readonly OutputBuilder[]
  readonly #filled: { readonly batch: OutputBatch; readonly recycle: () => void }[] = []
  readonly #functions: MergedFunctions
  readonly #mergedSinks: readonly MergedSink[]
  readonly #merged: MergedPublisher
  readonly #waiting = new WaitingLetters()
  #checkpointBytes = 0
  /** Sent since this was last asked, by sink. */
  #sent: { records: number; bytes: number }[] = []

  constructor(services: Services, session: Session, notice: DeadLetterNotice) {
    const { topics, options, plan } = services
    this.#services = services
    this.#session = session
    this.#life = session.lives.current
    const { merged } = outputSinks(plan)
    const batchBytesOf = (sink: number, partitionCount: number) =>
      plan.layout === 'routed' && merged.includes(sink)
        ? Math.max(options.batchBytes, Math.min(routedBatchBytes, Math.floor(routedBatchesBytes / partitionCount)))
        : options.batchBytes
    this.#builders = topics.sinks.map(
      (topic, sink) =>
        new OutputBuilder({
          sink,
          partitionCount: topic.partitions.length,
          batchBytes: Math.min(batchBytesOf(sink, topic.partitions.length), topics.batchBytesMax[sink]!),
          codec: codecs[plan.sinks[merged.indexOf(sink)]?.compression ?? 'none'],
          reservedBytes: merged.includes(sink) ? Math.floor(reservedBytes / merged.length) : 0,
          onFilled: (batch) => this.takeFilled(batch, () => this.#builders[sink]!.recycle(batch)),
        }),
    )
    this.#mergedSinks = merged.map((sink, index) => ({
      ...this.#takerOf(sink),
      timestamp: plan.sinks[index]!.timestamp,
      traceContext: plan.sinks[index]!.traceContext,
    }))
    this.#functions = new MergedFunctions(
      services,
      session,
      this.#mergedSinks.map(({ out }) => out.partitionCount),
    )
    this.#merged = new MergedPublisher(mergedNames(plan), this.#mergedSinks, this.#functions, session.state.spans)
    this.deadLetters = new DeadLetterEncoder(this.#builders[deadLetterSink]!, {
      sources: {
        partitions: session.sources.partitions,
        redriven: session.sources.redriven,
        recordPlaces: topics.recordPlaces,
      },
      recordBytesMax: recordBytesMax(topics, deadLetterSink),
      times: this.#timesOf(deadLetterSink),
      causeOf: causesOf(plan, session.sources.partitions),
      waiting: topics.recordPlaces && this.#waiting,
      onWritten(reason, letter) {
        session.state.accounting.current.letters[reason]!++
        notice.written(reason, letter)
      },
    })
    this.expiredRows = new ExpiredRowEncoder(plan, this.#expiredSinks(), this.deadLetters)
    this.#publish()
  }

  /** Where results of windows go. */
  get ofResults(): ResultOutputs {
    const publisher = isHandedOver(this.#services.plan) ? this.#merged : undefined
    const causeOf = (reason: number) => this.causeOf(reason) ?? deadLetterReasons[reason]!.text
    return { sinks: this.#mergedSinks, publisher, letters: this.deadLetters, causeOf }
  }

  /** Where the records of each source are routed, where they are. */
  get ofRouted(): readonly RoutedTopic[] {
    return this.#mergedSinks
  }

  /** Where the checkpoint of the epoch is written. */
  get checkpoint(): OutputBuilder {
    return this.#builders[checkpointSink]!
  }

  /** A batch is to be handed to the sink. @param recycle - Takes its memory back once it is stored. */
  takeFilled(batch: OutputBatch, recycle: () => void): void {
    this.#filled.push({ batch, recycle })
  }

  /** Which timestamps merged records may have for now. */
  get mergedTimes(): MergedSink['times'] {
    const [{ times }] = this.#mergedSinks as [MergedSink]
    return times
  }

  /** Publishes a merge of a shard; returns its outcome, as a table is given it. */
  publish(record: HandedRecord): number {
    return this.#merged.publish(record)
  }

  /** Why functions after the merge have refused the last record, where they have. */
  causeOf(reason: number): string | undefined {
    return ofFunctions.has(reason) ? this.#functions.cause : undefined
  }

  /** Has the table go by these. */
  takeTimes(): void {
    const times = this.mergedTimes
    this.#session.state.table.takeTimes(times.earliestMs, times.latestMs)
    this.#merged.takeTimes(this.#services.timeOfDay.nowMs())
  }

  /**
   * To be called when the table has been left: ends the program where a function has done what none may.
   *
   * @throws TopologyError `TOPOLOGY_INVALID`; FunctionError `STAGE_FAILS_ON_EVERYTHING`
   */
  throwFault(): void {
    this.#functions.throwFault()
  }

  /** Writes a row that leaves incomplete. */
  expire(row: PendingRow): void {
    this.#session.state.accounting.current.expiredRows++
    this.expiredRows.encode(row)
  }

  /** Writes dead letters that wait for the names of their records. @param records - Looks these up. */
  async writeWaiting(records: PartRecords): Promise<void> {
    if (!this.#waiting.isEmpty) await this.#waiting.write((wanted) => records.find(wanted))
  }

  /** Bytes of batches that are being filled, and of letters that wait. */
  get openBytes(): number {
    let bytes = this.#session.state.table.openBytes + this.#waiting.bytes
    for (const builder of this.#builders) bytes += builder.openBytes
    return bytes
  }

  /** Bytes that were sent to the checkpoint topic since this was last asked. */
  takeCheckpointBytes(): number {
    const bytes = this.#checkpointBytes
    this.#checkpointBytes = 0
    return bytes
  }

  /** What was sent since this was last asked, by topic. */
  takeSent(): WrittenTopic[] {
    const { sinks } = this.#services.topics
    const sent = this.#sent.map((each, sink) => ({ topic: sinks[sink]!.name, ...each }))
    this.#sent = []
    return sent.filter((each) => each !== undefined)
  }

  get hasFilled(): boolean {
    return this.#filled.length > 0
  }

  /** Hands full batches to the sink. */
  async send(sink: ActorRef<SinkMessage>): Promise<void> {
    const { clock } = this.#services
    const { schedule } = this.#session
    const { budget, incarnation } = this.#life
    for (const { batch, recycle } of this.#filled.splice(0)) {
      budget.take(batch.capacity)
      const bytes = batch.position
      if (batch.sink === checkpointSink) this.#checkpointBytes += bytes
      const sent = (this.#sent[batch.sink] ??= { records: 0, bytes: 0 })
      sent.records += batch.count
      sent.bytes += bytes
      const writing = schedule.sent(bytes, clock.monotonicMs())
      const onStored = () => {
        schedule.stored(writing, bytes)
        budget.give(batch.capacity)
        recycle()
      }
      await sink.tell({ type: 'output', incarnation, batch, onStored })
    }
  }

  /** Hands all batches to the sink, full or not. */
  sendAll(sink: ActorRef<SinkMessage>): Promise<void> {
    for (const builder of this.#builders) builder.flush()
    return this.send(sink)
  }

  /** Has the table publish here what completes, and what leaves otherwise. */
  #publish(): void {
    const { plan, topics, timeOfDay } = this.#services
    const { state, sources } = this.#session
    const causeOf = (reason: number) => this.causeOf(reason)
    state.table.publishTo({
      out: this.#builders[mergedSink]!,
      ...mergedNames(plan),
      recordBytesMax: recordBytesMax(topics, mergedSink),
      refuse: (part, reason) => this.deadLetters.encodeReference(part, reason, timeOfDay.nowMs(), causeOf(reason)),
      firstLaneOf: (lane) => sources.partitions.lanesOf(lane)[0]!,
      expire: (row) => this.expire(row),
      ...followed(state.spans, {
        merge: (row) => this.#merged.publishStored(row),
        hand: isHandedOver(plan) ? (record) => this.#merged.publish(record) : undefined,
      }),
      causeOf,
    })
  }

  /** Where a row goes that lacks sides. */
  #expiredSinks(): (missing: readonly string[]) => ExpiredSink | undefined {
    const { plan } = this.#services
    const { expiry } = plan.correlate
    const topics = expiryTopics(expiry)
    const sinks = outputSinks(plan).expired.map((sink) => this.#takerOf(sink))
    return (missing) => expiry && sinks[topics.indexOf(expiryTopicOf(expiry, missing) ?? '')]
  }

  /** A topic, and what it takes. */
  #takerOf(sink: number): ExpiredSink {
    const { topics } = this.#services
    return { out: this.#builders[sink]!, recordBytesMax: recordBytesMax(topics, sink), times: this.#timesOf(sink) }
  }

  #timesOf(sink: number): TimestampWindow {
    const { topics, timeOfDay, options } = this.#services
    return new TimestampWindow(topics.timestamps[sink]!, timeOfDay, epochsUnderWay * options.transactionTimeoutMs)
  }
}
