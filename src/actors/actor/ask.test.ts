import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import { probeActors } from '../../testing/index.ts'
import { type ActorRef, type ActorParts, defineActor, type Reply } from '../index.ts'

type CounterMessage =
  | { type: 'add'; amount: number }
  | { type: 'total'; reply: Reply<number> }
  | { type: 'totalLater'; reply: Reply<number> }
  | { type: 'fail'; reply: Reply<never> }
  | { type: 'leave' }

interface Counter {
  total: number
  waiting: Reply<number>[]
}

describe('ask', () => {
  it('gives the answer, of the type that the question says', async () => {
    await using probe = await probeActors([{ start: counter() }])
    const ref = probe.ref<CounterMessage>('counter')

    void ref.tell({ type: 'add', amount: 3 })
    const total: number = await ref.ask({ type: 'total' })

    assert.equal(total, 3)
    assert.equal(probe.clock.pendingTimers, 0)
  })

  it('gives an answer that comes after other messages', async () => {
    await using probe = await probeActors([{ start: counter() }])
    const ref = probe.ref<CounterMessage>('counter')

    const answer = ref.ask({ type: 'totalLater' })
    void ref.tell({ type: 'add', amount: 5 })

    assert.equal(await answer, 5)
  })

  it('fails at once, with the crash as its cause, when the actor crashes over the question', async () => {
    await using probe = await probeActors([{ start: counter() }])

    await assert.rejects(probe.ref<CounterMessage>('counter').ask({ type: 'fail' }), {
      code: 'ACTOR_ASK_FAILED',
      cause: new Error('no answer'),
    })
    assert.equal(probe.clock.monotonicMs(), 0)
  })

  it('B15 fails at once when the actor crashes over another message before it has answered', async () => {
    await using probe = await probeActors([{ start: counter() }])
    const ref = probe.ref<CounterMessage>('counter')

    const answer = ref.ask({ type: 'totalLater' })
    const crash = ref.ask({ type: 'fail' })

    await Promise.all([answer, crash].map((each) => assert.rejects(each, { cause: new Error('no answer') })))
  })

  it('is answered by the next incarnation when the question was still in the mailbox', async () => {
    await using probe = await probeActors([{ start: counter() }])
    const ref = probe.ref<CounterMessage>('counter')

    void ref.tell({ type: 'add', amount: 3 })
    const crash = ref.ask({ type: 'fail' })
    const answer = ref.ask({ type: 'total' })

    await assert.rejects(crash, { code: 'ACTOR_ASK_FAILED' })
    assert.equal(await answer, 0)
  })

  it('is answered by a later incarnation when the question is retried', async () => {
    let failures = 0
    const flaky = defineActor<{ type: 'total'; reply: Reply<string> }, undefined>({
      name: 'flaky',
      failingMessage: { retry: 2, afterwards: 'drop' },
      init: () => undefined,
      handle: {
        total: (_, { reply }) => {
          if (failures++ < 2) throw new Error('fault')
          reply('third time lucky')
        },
      },
    })
    await using probe = await probeActors([{ start: flaky }])

    const answer = probe.ref<{ type: 'total'; reply: Reply<string> }>('flaky').ask({ type: 'total' })

    assert.equal(await answer, 'third time lucky')
  })

  it('fails when the actor ends with the question in its mailbox, and when it had ended before', async () => {
    await using probe = await probeActors([{ start: counter(), restart: 'temporary' }])
    const ref = probe.ref<CounterMessage>('counter')

    void ref.tell({ type: 'leave' })
    const closed = { code: 'ACTOR_MAILBOX_CLOSED', details: { path: 'root/counter', reason: 'normal' } }
    await assert.rejects(ref.ask({ type: 'total' }), closed)
    await assert.rejects(ref.ask({ type: 'total' }), closed)
  })

  it('fails when the time is up, and ignores a later answer', async () => {
    await using probe = await probeActors([{ start: counter() }])
    const ref = probe.ref<CounterMessage>('counter')

    const answer = ref.ask({ type: 'totalLater' }, { timeoutMs: 100 })
    const outcome = assert.rejects(answer, { code: 'ACTOR_ASK_TIMEOUT', retryable: true })
    await probe.clock.advance(100)
    await outcome
    void ref.tell({ type: 'add', amount: 1 })

    assert.equal(await ref.ask({ type: 'total' }), 1)
  })

  it('fails each when its own time is up, with one timer for all of a timeout', async () => {
    await using probe = await probeActors([{ start: counter() }])
    const ref = probe.ref<CounterMessage>('counter')
    const failedMs: number[] = []
    const ask = (timeoutMs: number) =>
      ref.ask({ type: 'totalLater' }, { timeoutMs }).catch(() => failedMs.push(probe.clock.monotonicMs()))

    void ask(100)
    await probe.clock.advance(40)
    for (const timeoutMs of [100, 100, 30]) void ask(timeoutMs)
    await probe.clock.advance(0)
    assert.equal(probe.clock.pendingTimers, 2)
    await probe.clock.advance(200)

    assert.deepEqual(failedMs, [70, 100, 140, 140])
    assert.equal(probe.clock.pendingTimers, 0)
  })

  it('has no timer any more when the last of its timeout has been answered', async () => {
    await using probe = await probeActors([{ start: counter() }])
    const ref = probe.ref<CounterMessage>('counter')

    const answers = [ref.ask({ type: 'totalLater' }), ref.ask({ type: 'totalLater' })]
    await probe.clock.advance(1)
    assert.equal(probe.clock.pendingTimers, 1)
    void ref.tell({ type: 'add', amount: 1 })

    assert.deepEqual(await Promise.all(answers), [1, 1])
    assert.equal(probe.clock.pendingTimers, 0)
  })

  it('rejects with the reason of its signal, aborted before or after', async () => {
    await using probe = await probeActors([{ start: counter() }])
    const ref = probe.ref<CounterMessage>('counter')
    const controller = new AbortController()
    const reason = new Error('no longer needed')

    const answer = ref.ask({ type: 'totalLater' }, { signal: controller.signal })
    controller.abort(reason)

    await assert.rejects(answer, reason)
    await assert.rejects(ref.ask({ type: 'total' }, { signal: controller.signal }), reason)
    assert.equal(probe.clock.pendingTimers, 0)
  })

  it('lets go of a signal that outlives it', async () => {
    await using probe = await probeActors([{ start: counter() }])
    const { signal } = new AbortController()

    await probe.ref<CounterMessage>('counter').ask({ type: 'total' }, { signal })

    assert.deepEqual(getEventListeners(signal, 'abort'), [])
  })

  it('waits for room in a full mailbox', async () => {
    await using probe = await probeActors([{ start: counter({ mailboxMax: 1 }) }])
    const ref = probe.ref<CounterMessage>('counter')

    for (let count = 0; count < 10; count++) void ref.tell({ type: 'add', amount: 1 })

    assert.equal(await ref.ask({ type: 'total' }), 10)
  })

  it('B11 is typed: what to ask, and what the answer is', async () => {
    await using probe = await probeActors([{ start: counter() }])
    const ref: ActorRef<CounterMessage> = probe.ref('counter')

    // @ts-expect-error: the answer is a number
    const answer: string = await ref.ask({ type: 'total' })
    assert.equal(answer, 0)
    // @ts-expect-error: there is no such question
    const refused = ref.ask({ type: 'average' })
    await assert.rejects(refused, { code: 'ACTOR_ASK_FAILED' })
  })
})

function counter(options: Partial<ActorParts<CounterMessage, Counter>> = {}) {
  return defineActor<CounterMessage, Counter>({
    name: 'counter',
    init: () => ({ total: 0, waiting: [] }),
    handleInPlace: {
      add: (counter, { amount }) => {
        counter.total += amount
        for (const reply of counter.waiting.splice(0)) reply(counter.total)
      },
      total: (counter, { reply }) => reply(counter.total),
      totalLater: (counter, { reply }) => void counter.waiting.push(reply),
      fail: () => {
        throw new Error('no answer')
      },
      leave: (_, _message, context) => context.stop(),
    },
    ...options,
  })
}
