/**
 * Source: reads the topic from all its leaders and turns what was fetched into batches of rows.
 *
 * State: a fetcher, which is as far ahead as it has buffers; a reader, which is within one response at a time.
 * Invariant: the batches of a partition leave in the order of their offsets, without a gap.
 * Cost per record: its lengths are read once.
 */
import { type ActorContext, defineActor } from '../../actors/index.ts'
import { Fetcher, type FetchedResponse } from '../../kafka/index.ts'
import { BatchReader } from '../../kernel/index.ts'
import type { RowsMessage, SourceMessage } from '../messages.ts'
import { fetchBuffersPerLeader, type Pipeline } from '../pipeline.ts'
import { Lease } from '../row-batch.ts'

/** Time a broker waits for records when there are none. */
const maxWaitMs = 500

interface SourceState {
  incarnation: number
  fetcher: Fetcher
  reader: BatchReader
}

export const source = (pipeline: Pipeline) =>
  defineActor<SourceMessage, SourceState>({
    name: pipeline.plan.source.id,
    failingMessage: { retry: Infinity, afterwards: 'escalate' },
    init: (context) => startFetching(pipeline, context),
    onStop: ({ fetcher }) => fetcher.stop(),
    handle: {
      async fetched(state, { incarnation, response }, context) {
        if (incarnation !== pipeline.incarnation) return
        await readOut(pipeline, state, response, context)
      },
      failed(_state, { incarnation, error }) {
        if (incarnation === pipeline.incarnation) throw error
      },
      halt({ fetcher }, { reply }) {
        fetcher.stop()
        reply()
      },
    },
  })

function startFetching(pipeline: Pipeline, { self, signal }: ActorContext<SourceMessage>): SourceState {
  const { options, statistics, incarnation, rowBatches } = pipeline
  signal.addEventListener('abort', () => rowBatches.abandon(), { once: true })
  const fetcher = new Fetcher(
    {
      cluster: pipeline.cluster,
      topic: pipeline.topics.source,
      firstPartition: 0,
      fetchBytes: options.fetchBytes,
      partitionBytes: options.partitionFetchBytes,
      maxWaitMs,
      buffersPerLeader: fetchBuffersPerLeader,
      onFetched: (response) => void self.tell({ type: 'fetched', incarnation, response }),
      onFailed: (error) => void self.tell({ type: 'failed', incarnation, error }),
    },
    Array.from(pipeline.accounting.committedOffsets),
  )
  statistics.firstFetchMs ||= pipeline.clock.monotonicMs()
  fetcher.start()
  return { incarnation, fetcher, reader: new BatchReader(options) }
}

async function readOut(
  pipeline: Pipeline,
  { reader, incarnation }: SourceState,
  response: FetchedResponse,
  context: ActorContext<SourceMessage>,
): Promise<void> {
  const route = context.ref<RowsMessage>(pipeline.plan.route.id)
  const lease = new Lease(response.release)
  try {
    for (const partition of response.partitions) {
      pipeline.statistics.sourceBytes += partition.end - partition.start
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
        batch.incarnation = incarnation
        batch.nextOffset = reader.reachedOffset
        batch.hold(lease)
        const sent = route.tell({ type: 'rows', batch })
        if (sent !== undefined) await sent
      }
    }
  } finally {
    lease.release()
  }
}
