/**
 * Sink: an epoch is one transaction.
 *
 * State: a producer, for one life; whether brokers throttle, over all lives.
 * Steps of a start: become the one producer of the program, which ends whatever transaction was open; ask which epoch
 * was the last; settle the state there; begin a life.
 * Steps of an epoch's end: wait until all its outputs are stored; add the source offsets; commit; tell the correlation.
 * What is sent meanwhile waits in the mailbox, so an epoch's outputs never mix with the next one's.
 * Why it is right: outputs, dead letters, checkpoint and offsets become visible at once or never, and what is in memory
 * is built upon only when the broker has said which of the two.
 */
import { type ActorContext, defineActor } from '../../actors/index.ts'
import { tellOfCommit } from '../events/tell-of-commit.ts'
import { ThrottleNotice } from '../logs/throttle-notice.ts'
import type { Session } from '../recovery/session.ts'
import type { CorrelateMessage, SinkMessage } from '../runtime/messages.ts'
import type { EpochProducer, Ports, SourceOffsets } from '../runtime/ports.ts'
import type { Services } from '../runtime/services.ts'
import { ofOwn, oneTask } from '../tasks/tasks.ts'

interface SinkState {
  readonly producer: EpochProducer
  readonly incarnation: number
}

export interface SinkParts {
  readonly services: Services
  readonly session: Session
  readonly ports: Pick<Ports, 'newProducer' | 'lastEpoch'>
}

export const sink = (parts: SinkParts) => {
  const { session } = parts
  const { plan, logger, clock } = parts.services
  const throttling = new ThrottleNotice(plan.name, logger, clock)
  const { epochs } = session.state
  return defineActor<SinkMessage, SinkState>({
    name: plan.writerId,
    failingMessage: { retry: Infinity, afterwards: 'escalate' },
    init: (context) => beginLife(parts, throttling, context),
    onStop({ producer }) {
      throttling.stop()
      producer.stop()
    },
    handleInPlace: {
      output({ producer, incarnation }, message) {
        if (message.incarnation === incarnation) producer.send(message.batch, message.onStored)
      },
      async commit({ producer, incarnation }, message, context) {
        if (message.incarnation !== incarnation) return
        epochs.beginCommit()
        await producer.commit(sourceOffsets(session, message.offsets))
        void context.ref<CorrelateMessage>(plan.correlate.id).tell({ type: 'committed', incarnation })
      },
      failed({ incarnation }, message) {
        if (message.incarnation === incarnation) throw message.error
      },
    },
  })
}

/** Of partitions that other members have nothing is committed. */
function sourceOffsets({ sources: { topics, partitions }, state }: Session, offsets: Float64Array): SourceOffsets[] {
  const { tasks } = state
  const bySource = partitions.bySource(tasks === oneTask ? offsets : ofOwn(tasks, Array.from(offsets), -1))
  return topics.map(({ name: topic }, source) => ({ topic, offsets: bySource[source]! }))
}

async function beginLife(
  { services, session, ports }: SinkParts,
  throttling: ThrottleNotice,
  { self }: ActorContext<SinkMessage>,
): Promise<SinkState> {
  const { clock, timeOfDay, statistics, meters, events } = services
  const { state, lives, schedule } = session
  const producer = ports.newProducer({
    onFailed: (error) => void self.tell({ type: 'failed', incarnation: lives.incarnation, error }),
    onThrottled(throttleMs) {
      schedule.throttled(throttleMs, clock.monotonicMs())
      meters.throttledMs += throttleMs
      throttling.note(throttleMs, schedule.windowBytes)
    },
  })
  await producer.begin()
  const [durable] = await Promise.all([ports.lastEpoch(), timeOfDay.isDue && timeOfDay.ask()])
  const { committed } = state.epochs
  state.epochs.settleAt(durable)
  if (state.epochs.committed > committed) tellOfCommit(events, state)
  const { incarnation } = lives.begin()
  if (incarnation > 1) {
    statistics.rollbacks++
    schedule.rolledBack(clock.monotonicMs())
    events.tell('rollback', () => ({ epoch: durable }))
  }
  return { producer, incarnation }
}
