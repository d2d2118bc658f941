/**
 * Source: reads the topic from all its leaders and turns what was fetched into batches of rows.
 *
 * State: a fetcher, which is as far ahead as it has buffers; a reader, which is within one response at a time.
 * Steps of a start: while the table lacks parts that wait, give on those that are promoted, then read from the first of the
 * others to the end of the last epoch and give on nothing but those; then read on from there. Partitions that the topic was given
 * are taken in when all that is on its way has committed, and reading begins anew.
 * Invariant: the batches of a partition leave in the order of their offsets, without a gap.
 * Cost per record: its lengths are read once.
 */
import { type ActorContext, defineActor } from '../../actors/index.ts'
import { Fetcher, type FetchedResponse } from '../../kafka/index.ts'
import { BatchReader } from '../../kernel/index.ts'
import { CarefulReader } from '../poison/careful-reader.ts'
import { drained } from '../runtime/drained.ts'
import { rowsExpired } from '../expiry/rows-expired.ts'
import type { RowsMessage, SourceMessage } from '../runtime/messages.ts'
import { fetchBuffersPerLeader, type Pipeline } from '../runtime/pipeline.ts'
import { Lease } from '../runtime/row-batch.ts'
import { type SourceGrowth, tellOfGrowth } from '../topics/source-growth.ts'
import { SourceWatch } from '../topics/source-watch.ts'

/** Time a broker waits for records when there are none. */
const maxWaitMs = 500

interface SourceState {
  incarnation: number
  fetcher: Fetcher
  reader: BatchReader
  /** How far each partition has been read. */
  readonly reached: Float64Array
  readonly startedMs: number
  /** Absent where nothing is read on. */
  readonly watch: SourceWatch | undefined
}

export const source = (pipeline: Pipeline) =>
  defineActor<SourceMessage, SourceState>({
    name: pipeline.plan.source.id,
    failingMessage: { retry: Infinity, afterwards: 'escalate' },
    init: (context) => startFetching(pipeline, context),
    onStop: stopReading,
    handle: {
      async promoted(state, { incarnation, parts }, context) {
        if (incarnation !== pipeline.incarnation) return
        await readOut(pipeline, state, { partitions: parts, release() {}, isPromoted: true }, context)
        await endRestoration(pipeline, state, context)
      },
      async fetched(state, { fetcher, response }, context) {
        // What was read ahead by a fetcher that has been replaced is read again by the next one.
        if (fetcher !== state.fetcher || isAllRead(pipeline)) return
        count(pipeline, response)
        if (!pipeline.state.restoration.isDone) {
          await readOut(pipeline, state, response, context)
          response.partitions.forEach(({ partition, nextOffset }) => (state.reached[partition] = nextOffset))
          await endRestoration(pipeline, state, context)
        } else if (pipeline.careful.isOn) await readCarefully(pipeline, state, response, context)
        else await readOut(pipeline, state, response, context)
      },
      failed(_state, { incarnation, error }) {
        if (incarnation === pipeline.incarnation) throw error
      },
      async grown(state, { incarnation, growth }, context) {
        if (incarnation === pipeline.incarnation) await takeInPartitions(pipeline, state, growth, context)
      },
      halt(state, { reply }) {
        stopReading(state)
        reply()
      },
    },
  })

function stopReading({ fetcher, watch }: SourceState): void {
  fetcher.stop()
  watch?.stop()
}

function count({ statistics }: Pipeline, { partitions }: FetchedResponse): void {
  for (const { start, end, fromOffset, nextOffset } of partitions) {
    statistics.sourceBytes += end - start
    statistics.sourceOffsets += nextOffset - fromOffset
  }
}

async function startFetching(pipeline: Pipeline, context: ActorContext<SourceMessage>): Promise<SourceState> {
  const { options, statistics, incarnation, rowBatches, state } = pipeline
  context.signal.addEventListener('abort', () => rowBatches.abandon(), { once: true })
  const startedMs = pipeline.clock.monotonicMs()
  statistics.firstFetchMs ||= startedMs
  const parts = state.restoration.promotedBatches
  if (parts.length > 0) void context.self.tell({ type: 'promoted', incarnation, parts })
  const fetcher = await fetchOn(pipeline, context)
  const onGrown = (growth: SourceGrowth) => void context.self.tell({ type: 'grown', incarnation, growth })
  return {
    incarnation,
    fetcher,
    watch: pipeline.onlyRestores ? undefined : new SourceWatch(pipeline, onGrown),
    reader: new BatchReader(options),
    reached: Float64Array.from(state.restoration.firstOffsets),
    startedMs,
  }
}

/** Reads from where the state is; what it has lost is committed before, and rows have left that are over. */
async function fetchOn(pipeline: Pipeline, context: ActorContext<SourceMessage>): Promise<Fetcher> {
  const { options, state, incarnation } = pipeline
  const { self } = context
  if (state.loss.isDue && state.restoration.isDone) await drained(pipeline, context)
  if (state.restoration.isDone) await rowsExpired(pipeline, context)
  const fetcher: Fetcher = new Fetcher(
    {
      cluster: pipeline.cluster,
      topic: pipeline.topics.source,
      fetchBytes: options.fetchBytes,
      partitionBytes: options.partitionFetchBytes,
      maxWaitMs,
      buffersPerLeader: fetchBuffersPerLeader,
      onFetched: (response) => void self.tell({ type: 'fetched', fetcher, response }),
      onFailed: (error) => void self.tell({ type: 'failed', incarnation, error }),
    },
    state.restoration.firstOffsets,
  )
  fetcher.start()
  return fetcher
}

/** Takes in partitions that the source was given; while pending parts are read again that is left to the next look. */
async function takeInPartitions(
  pipeline: Pipeline,
  source: SourceState,
  growth: SourceGrowth,
  context: ActorContext<SourceMessage>,
): Promise<void> {
  const { state, logger, plan } = pipeline
  const known = state.pending.sets.length
  const isNew = growth.topic.partitions.length > known
  if (!isNew || !state.restoration.isDone || source.watch?.isStopped !== false) return
  source.fetcher.stop()
  await drained(pipeline, context)
  if (context.signal.aborted) return
  pipeline.growSource(growth)
  tellOfGrowth(logger, plan, growth.topic, known)
  source.fetcher = await fetchOn(pipeline, context)
}

/** Ends the restoration once all partitions have been read to the end of the last epoch, and reads on from there. */
async function endRestoration(
  pipeline: Pipeline,
  source: SourceState,
  context: ActorContext<SourceMessage>,
): Promise<void> {
  const { state, rowBatches, clock, logger, plan } = pipeline
  if (!state.restoration.isReadAt(source.reached)) return
  source.fetcher.stop()
  await rowBatches.whenIdle()
  if (context.signal.aborted) return
  state.restoration.finish()
  pipeline.onRestored()
  if (pipeline.onlyRestores) return
  const facts = { app: plan.name, pending: state.pending.count, ms: Math.round(clock.monotonicMs() - source.startedMs) }
  logger.info(facts, 'has read again what waits')
  source.fetcher = await fetchOn(pipeline, context)
}

/** Whether this is a standby that has read what waits. */
function isAllRead({ onlyRestores, state }: Pipeline): boolean {
  return onlyRestores && state.restoration.isDone
}

/** Once a suspect is settled, all partitions are read again. */
async function readCarefully(
  pipeline: Pipeline,
  source: SourceState,
  response: FetchedResponse,
  context: ActorContext<SourceMessage>,
): Promise<void> {
  const { careful } = pipeline
  const hadSuspect = careful.suspect !== undefined
  await new CarefulReader(pipeline, source.reader, context).readOut(response)
  if (!hadSuspect || careful.suspect !== undefined || context.signal.aborted) return
  source.fetcher.stop()
  source.fetcher = await fetchOn(pipeline, context)
}

async function readOut(
  pipeline: Pipeline,
  { reader, incarnation }: SourceState,
  response: FetchedResponse & { isPromoted?: boolean },
  context: ActorContext<SourceMessage>,
): Promise<void> {
  const { isPromoted = false } = response
  const route = context.ref<RowsMessage>(pipeline.plan.route.id)
  const { state } = pipeline
  const lease = new Lease(response.release)
  try {
    for (const partition of response.partitions) {
      reader.open(partition)
      for (let sentOffset = partition.fromOffset; ; sentOffset = reader.reachedOffset) {
        const taken = pipeline.rowBatches.take()
        const batch = taken instanceof Promise ? await taken : taken
        if (batch === undefined) return
        const hasRows = !context.signal.aborted && reader.fill(batch.columns)
        if (!hasRows && reader.reachedOffset === sentOffset) {
          batch.release()
          break
        }
        // Without rows it still tells how far the partition has been passed over.
        if (!hasRows) batch.columns.reset(partition.partition, partition.bytes, partition.view)
        if (!state.restoration.isDone) batch.columns.keep(state.restoration.missing(partition.partition, isPromoted))
        batch.incarnation = incarnation
        batch.nextOffset = reader.reachedOffset
        batch.endOffset = partition.endOffset
        batch.hold(lease, isPromoted)
        const sent = route.tell({ type: 'rows', batch })
        if (sent !== undefined) await sent
      }
    }
  } finally {
    lease.release()
  }
}
