/**
 * Sink: an epoch is one transaction.
 *
 * State: a transactional producer.
 * Steps of a start: become the one producer of the application, which ends whatever transaction was open; read from the
 * checkpoint topic which epoch was the last; bring the pipeline's state there, whether it has to be loaded, goes forward
 * by the epoch whose end was not heard of, or goes back.
 * Steps of an epoch's end: wait until all its outputs are stored; add the source offsets; commit; tell the correlation.
 * What is sent meanwhile waits in the mailbox, so an epoch's outputs never mix with the next one's.
 * Why it is right: outputs, dead letters, checkpoint and offsets become visible at once or never, and what is in memory is
 * built upon only when the broker has said which of the two.
 */
import { type ActorContext, defineActor } from '../../actors/index.ts'
import { listOffsets, TransactionalProducer } from '../../kafka/index.ts'
import { CarefulMode } from '../poison/careful-mode.ts'
import { attemptOf, writeAttempt } from '../poison/attempt.ts'
import { manifestOf } from '../checkpoint/checkpoint-records.ts'
import { readCheckpoint } from '../checkpoint/checkpoint-view.ts'
import { loadState } from '../recovery/load-state.ts'
import type { CorrelateMessage, SinkMessage } from '../runtime/messages.ts'
import { checkpointSink, outputsOf } from '../topics/pipeline-topics.ts'
import type { Pipeline } from '../runtime/pipeline.ts'

export const sink = (pipeline: Pipeline) =>
  defineActor<SinkMessage, TransactionalProducer>({
    name: pipeline.plan.sink.id,
    failingMessage: { retry: Infinity, afterwards: 'escalate' },
    init: (context) => startProducing(pipeline, context),
    onStop(producer) {
      pipeline.throttling.stop()
      producer.stop()
    },
    handle: {
      output(producer, { incarnation, batch, onStored }) {
        if (incarnation === pipeline.incarnation) producer.send(batch, onStored)
      },
      async commit(producer, { incarnation, offsets }, context) {
        if (incarnation !== pipeline.incarnation) return
        const { plan, state } = pipeline
        state.epochs.beginCommit()
        await producer.commit([{ topic: plan.source.topic, offsets: Array.from(offsets) }])
        void context.ref<CorrelateMessage>(plan.correlate.id).tell({ type: 'committed', incarnation })
      },
      failed(_state, { incarnation, error }) {
        if (incarnation === pipeline.incarnation) throw error
      },
    },
  })

async function startProducing(pipeline: Pipeline, { self }: ActorContext<SinkMessage>): Promise<TransactionalProducer> {
  const { cluster, plan, options, topics, logger, clock, schedule, throttling } = pipeline
  const producer = new TransactionalProducer({
    cluster,
    topics: topics.sinks,
    transactionalId: plan.name,
    transactionTimeoutMs: options.transactionTimeoutMs,
    group: plan.name,
    member: pipeline.member,
    onFailed: (error) => void self.tell({ type: 'failed', incarnation: pipeline.incarnation, error }),
    onThrottled(throttleMs) {
      schedule.throttled(throttleMs, clock.monotonicMs())
      throttling.note(throttleMs, schedule.windowBytes)
    },
  })
  await producer.begin()
  const [records] = await Promise.all([
    readCheckpoint(cluster, topics.sinks[checkpointSink]!),
    pipeline.timeOfDay.isDue && pipeline.timeOfDay.ask(),
  ])
  if (pipeline.state === undefined) {
    // After the checkpoint, which may know of partitions that came while this process stood by.
    await pipeline.refreshSource()
    const logEnds = (pipeline.endOffsets = await listOffsets(cluster, topics.source, 'latest'))
    const { warmTable } = pipeline
    const tableMemory = pipeline.takeTableMemory()
    // What cannot be used is not kept.
    pipeline.warmTable = undefined
    const state = await loadState({
      cluster,
      plan,
      options,
      source: topics.source,
      outputs: outputsOf(topics),
      logEnds,
      records,
      tableMemory,
      warmTable,
      logger,
    })
    pipeline.careful = await CarefulMode.begin({
      last: attemptOf(records),
      epoch: state.epochs.committed,
      attemptsMax: options.processAttempts,
      note: (attempt) => writeAttempt(cluster, plan.checkpointTopic, attempt),
    })
    tellOfCare(pipeline)
    pipeline.state = state
    pipeline.onLoaded()
  } else pipeline.state.epochs.settleAt(manifestOf(records)?.epoch ?? 0)
  pipeline.beginLife()
  return producer
}

function tellOfCare({ careful, plan, logger }: Pipeline): void {
  if (!careful.isOn) return
  const { starts, suspect } = careful
  logger.warn(
    { app: plan.name, starts, ...(suspect && { suspect }) },
    'processes have died before an epoch had committed: records are worked on in pieces until the one is found that kills',
  )
}
