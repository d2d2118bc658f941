import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PauseClock, settled } from '../../../test/kafka-peer/index.ts'
import { KafkaError } from '../../core/errors.ts'
import type { Waits } from '../cluster/broker-waits.ts'
import { Cluster } from '../cluster/cluster.ts'
import type { Attempt } from '../cluster/coordinator.ts'
import { repeatRequest } from './request-loop.ts'
import type { TransactionAction, TransactionEvent } from './transaction-state.ts'

const lost: Attempt<string> = {
  type: 'lost',
  error: new KafkaError('KAFKA_CONNECTION_FAILED', 'the connection failed'),
}
const unreachable: Attempt<string> = { type: 'unreachable', error: lost.error }
const refused: Attempt<string> = { type: 'refused', code: 15 }
const answered: Attempt<string> = { type: 'answered', response: 'granted' }

describe('repeatRequest', () => {
  it('resolves with the answer, after as many attempts as that takes', async () => {
    const { clock, events, result, waiting } = start([refused, lost, answered])

    await clock.passPause()
    await clock.passPause()

    assert.deepEqual(await result, answered)
    assert.deepEqual(events, [
      { type: 'refused', code: 15, request: 'end' },
      { type: 'lost', error: lost.error, request: 'end' },
    ])
    assert.deepEqual(waiting, ['ending the transaction as "orders" begins', 'ends'])
  })

  it('tells the state machine nothing of a request that was never sent', async () => {
    const { clock, events, result } = start([unreachable, answered])

    await clock.passPause()
    await result

    assert.deepEqual(events, [])
  })

  it('ends with what the state machine wants instead', async () => {
    const fenced: TransactionAction = { type: 'fenced', code: 90 }
    const { result } = start([refused], () => [fenced])

    assert.deepEqual(await result, { type: 'decided', actions: [fenced], error: undefined })
  })

  it('gives up when the time for attempts is over', async () => {
    const failed: TransactionAction = { type: 'failed', request: 'end' }
    const { clock, events, result } = start([lost, lost], ({ type }) => (type === 'gaveUp' ? [failed] : [retry]), 0)

    await clock.passPause()

    assert.deepEqual(await result, { type: 'decided', actions: [failed], error: lost.error })
    assert.deepEqual(events.at(-1), { type: 'gaveUp', request: 'end' })
  })

  it('says at the next attempt that the membership is over', async () => {
    const { clock, result, told } = start([refused, refused, answered], () => [{ ...retry, isMemberOver: true }])

    await clock.passPause()
    await clock.passPause()
    await result

    assert.deepEqual(told, [false, true, true])
  })

  it('ends at once when it is aborted, also while it pauses', async () => {
    const { abort, clock, result, waiting } = start([refused])
    const aborted = assert.rejects(result, { code: 'KAFKA_CLOSED' })
    await settled()
    assert.equal(clock.pauseCount, 1)

    abort.abort(new KafkaError('KAFKA_CLOSED', 'the producer was stopped'))

    await aborted
    assert.equal(clock.pauseCount, 0)
    assert.equal(waiting.at(-1), 'ends')
  })
})

const retry = { type: 'retry', pause: 'backoff' } as const

/** Has these attempts made, one after the other. */
function start(
  attempts: Attempt<string>[],
  decide: (event: TransactionEvent) => readonly TransactionAction[] = () => [retry],
  retryMs = 60_000,
) {
  const clock = new PauseClock()
  const waiting: string[] = []
  const waits: Waits = {
    begin(what) {
      waiting.push(`${what} begins`)
      return { failed() {}, end: () => waiting.push('ends') }
    },
  }
  const events: TransactionEvent[] = []
  const told: boolean[] = []
  const abort = new AbortController()
  const result = repeatRequest<string>({
    cluster: new Cluster({ bootstrapServers: 'localhost:9092', clock, waits, retryMs }),
    transactionalId: 'orders',
    request: 'end',
    signal: abort.signal,
    attempt: async (isMemberOver) => {
      told.push(isMemberOver)
      return attempts.shift()!
    },
    apply(event) {
      events.push(event)
      return decide(event)
    },
  })
  return { abort, clock, events, result, told, waiting }
}
