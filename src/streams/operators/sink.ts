/**
 * Sink: writes output batches and ends epochs.
 *
 * State: a producer; records written since the last epoch ended.
 * Steps of an epoch's end: wait until all its outputs are stored on all replicas; commit its offsets to the application's
 * group; tell the correlation. What is sent meanwhile waits in the mailbox, so an epoch's outputs never mix with the
 * next one's: the place where a transaction begins and ends.
 * Why it is right: offsets are committed behind the outputs they caused, never before.
 */
import { type ActorContext, defineActor } from '../../actors/index.ts'
import { commitOffsets, Producer } from '../../kafka/index.ts'
import type { CorrelateMessage, SinkMessage } from '../messages.ts'
import type { Pipeline } from '../pipeline.ts'

export const sink = (pipeline: Pipeline) =>
  defineActor<SinkMessage, Producer>({
    name: pipeline.plan.sink.id,
    failingMessage: { retry: Infinity, afterwards: 'escalate' },
    init: (context) => startProducing(pipeline, context),
    onStop: (producer) => producer.stop(),
    handle: {
      output(producer, { incarnation, batch, onStored }) {
        if (incarnation !== pipeline.incarnation) return
        pipeline.statistics.unsettledRecords += batch.count
        producer.send(batch, onStored)
      },
      async commit(producer, { incarnation, offsets }, context) {
        if (incarnation !== pipeline.incarnation) return
        const { cluster, plan, statistics } = pipeline
        await producer.flush()
        await commitOffsets(cluster, plan.name, plan.source.topic, Array.from(offsets))
        const recordCount = statistics.unsettledRecords
        void context.ref<CorrelateMessage>(plan.correlate.id).tell({ type: 'committed', incarnation, recordCount })
      },
      failed(_state, { incarnation, error }) {
        if (incarnation === pipeline.incarnation) throw error
      },
    },
  })

async function startProducing(pipeline: Pipeline, { self }: ActorContext<SinkMessage>): Promise<Producer> {
  const producer = new Producer({
    cluster: pipeline.cluster,
    topics: pipeline.topics.sinks,
    onFailed: (error) => void self.tell({ type: 'failed', incarnation: pipeline.incarnation, error }),
  })
  await producer.begin()
  return producer
}
