import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sleep } from '../../core/clock.ts'
import { probeActors } from '../../testing/index.ts'
import { type ActorRef, defineActor, type DownNotice, type ExitReason } from '../index.ts'

type CounterMessage = { type: 'add'; amount: number } | { type: 'reset' }

describe('An actor', () => {
  it('takes each message from one state to the next', async () => {
    const totals: number[] = []
    const counter = defineActor<CounterMessage, number>({
      name: 'counter',
      init: () => 10,
      handle: {
        add: (total, message) => {
          totals.push(total + message.amount)
          return total + message.amount
        },
        reset: () => 0,
      },
    })
    await using probe = await probeActors([{ start: counter }])

    const ref = probe.ref<CounterMessage>('counter')
    for (const amount of [1, 2]) void ref.tell({ type: 'add', amount })
    void ref.tell({ type: 'reset' })
    void ref.tell({ type: 'add', amount: 5 })
    await probe.clock.advance(0)

    assert.deepEqual(totals, [11, 13, 5])
  })

  it('is told of a missing handler, a misspelt one and a wrong message by the compiler', () => {
    const init = () => 0
    const add = (total: number, message: { amount: number }) => total + message.amount
    const reset = () => 0

    // @ts-expect-error: no handler for reset
    defineActor<CounterMessage, number>({ name: 'counter', init, handle: { add } })
    // @ts-expect-error: a handler for a type that does not exist
    defineActor<CounterMessage, number>({ name: 'counter', init, handle: { add, reset, rest: reset } })
    // @ts-expect-error: a state of the wrong type
    defineActor<CounterMessage, number>({ name: 'counter', init, handle: { add, reset: () => 'zero' } })
    const wrongMessages = (ref: ActorRef<CounterMessage>) => {
      // @ts-expect-error: no such message
      void ref.tell({ type: 'subtract', amount: 1 })
      // @ts-expect-error: add has an amount
      void ref.tell({ type: 'add' })
      // @ts-expect-error: add has no reply, and so cannot be asked
      void ref.ask({ type: 'add', amount: 1 })
      // @ts-expect-error: a reference takes no more messages than its actor
      const wider: ActorRef<CounterMessage | { type: 'other' }> = ref
      return wider
    }
    void wrongMessages
  })

  it('handles one message at a time although its handlers are asynchronous', async () => {
    const trace: string[] = []
    const slow = defineActor<{ type: 'work'; id: number }, undefined>({
      name: 'slow',
      init: () => undefined,
      handle: {
        work: async (_, { id }, { clock }) => {
          trace.push(`begin ${id}`)
          await sleep(clock, 10 - id)
          trace.push(`end ${id}`)
        },
      },
    })
    await using probe = await probeActors([{ start: slow }])

    for (const id of [1, 2, 3]) void probe.ref<{ type: 'work'; id: number }>('slow').tell({ type: 'work', id })
    await probe.clock.advance(30)

    assert.deepEqual(trace, ['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3'])
  })

  it('handles one message at a time although it sends to itself before it waits', async () => {
    const trace: string[] = []
    const busy = defineActor<{ type: 'count'; left: number }, undefined>({
      name: 'busy',
      init: () => undefined,
      handle: {
        count: async (_, { left }, { self, clock }) => {
          trace.push(`begin ${left}`)
          if (left > 0) void self.tell({ type: 'count', left: left - 1 })
          await sleep(clock, 1)
          trace.push(`end ${left}`)
        },
      },
    })
    await using probe = await probeActors([{ start: busy }])

    void probe.ref<{ type: 'count'; left: number }>('busy').tell({ type: 'count', left: 2 })
    await probe.clock.advance(3)

    assert.deepEqual(trace, ['begin 2', 'end 2', 'begin 1', 'end 1', 'begin 0', 'end 0'])
  })

  it('B9 runs each hook once per incarnation, in order and awaited', async () => {
    const traced = tracedActor()
    const probe = await probeActors([{ start: traced.definition }])
    const work = probe.ref<TracedMessage>('traced')

    void work.tell({ type: 'work', id: 1 })
    void work.tell({ type: 'crash' })
    void work.tell({ type: 'work', id: 2 })
    await probe.clock.advance(100)
    void work.tell({ type: 'leave' })
    void work.tell({ type: 'work', id: 3 })
    await probe.clock.advance(100)
    await probe.stop()

    assert.deepEqual(
      traced.trace,
      [
        ['init 1 begins', 'init 1 ends', 'work 1 in 1', 'stop 1 begins: crashed', 'stop 1 ends'],
        ['init 2 begins', 'init 2 ends', 'work 2 in 2', 'stop 2 begins: normal', 'stop 2 ends'],
        ['init 3 begins', 'init 3 ends', 'work 3 in 3', 'stop 3 begins: shutdown', 'stop 3 ends'],
      ].flat(),
    )
  })

  it('B8 gives the error and the message of a crash to its stop hook, its events and its watchers', async () => {
    const fault = new Error('fault')
    const reasons: ExitReason[] = []
    const notices: DownNotice[] = []
    const message = { type: 'work' } as const
    for (const work of [() => Promise.reject(fault), thrower(fault)]) {
      const definition = defineActor<typeof message, undefined>({
        name: 'worker',
        init: () => undefined,
        handle: { work },
        onStop: (_, reason) => void reasons.push(reason),
      })
      const probe = await probeActors([{ start: definition, restart: 'temporary' }])
      const ref = probe.ref<typeof message>('worker')
      ref.monitor((notice) => notices.push(notice))
      void ref.tell(message)
      await probe.clock.advance(0)

      const crashed = probe.events.find(({ type }) => type === 'childCrashed')
      assert.deepEqual(crashed, {
        type: 'childCrashed',
        path: 'root/worker',
        incarnation: 1,
        error: fault,
        message,
        isCounted: true,
      })
      await probe.stop()
    }

    const reason: ExitReason = { kind: 'crashed', error: fault }
    assert.deepEqual(reasons, [reason, reason])
    const about = { path: 'root/worker', incarnation: 1, reason }
    const both = [
      { kind: 'down', ...about },
      { kind: 'ended', ...about },
    ]
    assert.deepEqual(notices, [...both, ...both])
  })

  it('keeps both errors when its stop hook fails after a crash', async () => {
    const fault = new Error('fault')
    const stopFault = new Error('stop fault')
    const definition = defineActor<{ type: 'work' }, undefined>({
      name: 'worker',
      init: () => undefined,
      handle: { work: thrower(fault) },
      onStop: thrower(stopFault),
    })
    await using probe = await probeActors([{ start: definition, restart: 'temporary' }])

    void probe.ref<{ type: 'work' }>('worker').tell({ type: 'work' })
    await probe.clock.advance(0)

    const crashed = probe.events.find((event) => event.type === 'childCrashed')
    assert.ok(crashed?.error instanceof SuppressedError)
    assert.deepEqual([crashed.error.error, crashed.error.suppressed], [stopFault, fault])
  })

  it('has crashed, with the error, also when its stop hook never ends', async () => {
    const fault = new Error('fault')
    const definition = defineActor<{ type: 'work' }, undefined>({
      name: 'worker',
      init: () => undefined,
      handle: { work: thrower(fault) },
      onStop: () => new Promise(() => {}),
    })
    await using probe = await probeActors([{ start: definition, restart: 'temporary', shutdownMs: 100 }])

    void probe.ref<{ type: 'work' }>('worker').tell({ type: 'work' })
    await probe.clock.advance(100)

    const crashed = probe.events.find((event) => event.type === 'childCrashed')
    assert.equal(crashed?.error, fault)
  })

  it('aborts its signal when an incarnation ends, and gives the next one a new signal', async () => {
    const signals: AbortSignal[] = []
    const definition = defineActor<{ type: 'crash' }, undefined>({
      name: 'worker',
      init: (context) => void signals.push(context.signal),
      handle: { crash: thrower(new Error('fault')) },
    })
    const probe = await probeActors([{ start: definition }])

    void probe.ref<{ type: 'crash' }>('worker').tell({ type: 'crash' })
    await probe.clock.advance(0)
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [true, false],
    )

    await probe.stop()
    assert.equal(signals[1]!.aborted, true)
  })

  it('finds its signal aborted although it first looks when it stops', async () => {
    const aborted: boolean[] = []
    const definition = defineActor<{ type: 'work' }, undefined>({
      name: 'worker',
      init: () => undefined,
      handle: { work: () => undefined },
      onStop: (_, _reason, { signal }) => void aborted.push(signal.aborted),
    })
    const probe = await probeActors([{ start: definition }])

    await probe.stop()

    assert.deepEqual(aborted, [true])
  })

  it('B7 is reached by a reference taken before 100 restarts', async () => {
    const traced = tracedActor()
    await using probe = await probeActors([{ start: traced.definition }], { maxRestarts: 100 })
    const work = probe.ref<TracedMessage>('traced')

    for (let count = 0; count < 100; count++) void work.tell({ type: 'crash' })
    void work.tell({ type: 'work', id: 7 })
    await probe.clock.advance(10_000)

    assert.ok(traced.trace.includes('work 7 in 101'))
  })

  it('hears, in its mailbox, of an actor that it watches, until it is restarted itself', async () => {
    const heard: string[] = []
    type WatcherMessage = { type: 'heard'; notice: DownNotice } | { type: 'crash' }
    const watched = tracedActor().definition
    const watcher = defineActor<WatcherMessage, undefined>({
      name: 'watcher',
      init: (context) => {
        const ref = context.ref('traced')
        if (context.incarnation === 1) context.monitor(ref, (notice) => ({ type: 'heard', notice }))
      },
      handle: { heard: (_, { notice }) => void heard.push(notice.reason.kind), crash: thrower(new Error('fault')) },
    })
    await using probe = await probeActors([{ start: watched }, { start: watcher }], { maxRestarts: 10 })
    const work = probe.ref<TracedMessage>('traced')

    void work.tell({ type: 'crash' })
    await probe.clock.advance(100)
    void work.tell({ type: 'leave' })
    await probe.clock.advance(100)
    void probe.ref<WatcherMessage>('watcher').tell({ type: 'crash' })
    await probe.clock.advance(100)
    void work.tell({ type: 'crash' })
    await probe.clock.advance(100)

    assert.deepEqual(heard, ['crashed', 'normal'])
  })
})

describe('A monitor', () => {
  it('is told at once of an actor that has ended before', async () => {
    await using probe = await probeActors([{ start: tracedActor().definition, restart: 'temporary' }])
    const work = probe.ref<TracedMessage>('traced')
    void work.tell({ type: 'leave' })
    await probe.clock.advance(100)

    const notices: DownNotice[] = []
    work.monitor((notice) => notices.push(notice))
    work.monitor((notice) => notices.push(notice)).cancel()
    await probe.clock.advance(0)

    assert.deepEqual(notices, [{ kind: 'ended', path: 'root/traced', incarnation: 1, reason: { kind: 'normal' } }])
  })

  it('is told nothing more once cancelled', async () => {
    await using probe = await probeActors([{ start: tracedActor().definition }])
    const work = probe.ref<TracedMessage>('traced')
    const notices: DownNotice[] = []
    const monitor = work.monitor((notice) => notices.push(notice))

    void work.tell({ type: 'crash' })
    await probe.clock.advance(100)
    monitor.cancel()
    void work.tell({ type: 'crash' })
    await probe.clock.advance(100)

    assert.equal(notices.length, 1)
  })
})

describe('A failing message', () => {
  const policies = [
    { policy: 'dead-letter', attempts: 1, deadLetters: 1 },
    { policy: 'drop', attempts: 1, deadLetters: 0 },
    { policy: { retry: 2, afterwards: 'dead-letter' }, attempts: 3, deadLetters: 1 },
    { policy: { retry: 2, afterwards: 'drop' }, attempts: 3, deadLetters: 0 },
  ] as const
  for (const { policy, attempts, deadLetters } of policies) {
    it(`B6 is tried ${attempts} times and gives ${deadLetters} dead letters with ${JSON.stringify(policy)}; all others are handled once, in order`, async () => {
      const seen: number[] = []
      const definition = defineActor<{ type: 'work'; id: number }, undefined>({
        name: 'worker',
        failingMessage: policy,
        init: () => undefined,
        handle: {
          work: (_, { id }) => {
            seen.push(id)
            if (id === 3) throw new Error('poison')
          },
        },
      })
      await using probe = await probeActors([{ start: definition }])

      const ref = probe.ref<{ type: 'work'; id: number }>('worker')
      for (const id of [1, 2, 3, 4, 5]) void ref.tell({ type: 'work', id })
      await probe.clock.advance(0)

      assert.deepEqual(seen, [1, 2, ...Array.from({ length: attempts }, () => 3), 4, 5])
      assert.equal(probe.system.deadLetters().byReason.failed, deadLetters)
    })
  }

  it('is one of a type that has no handler, which only a cast can send', async () => {
    const definition = defineActor<{ type: 'work' }, undefined>({
      name: 'worker',
      init: () => undefined,
      handle: { work: () => undefined },
    })
    await using probe = await probeActors([{ start: definition }])

    void probe.ref<{ type: 'play' }>('worker').tell({ type: 'play' })
    await probe.clock.advance(0)

    const crashed = probe.events.find((event) => event.type === 'childCrashed')
    assert.deepEqual(crashed?.error, new Error("there is no handler for messages of type 'play'"))
    assert.equal(probe.system.deadLetters().byReason.failed, 1)
  })

  it('is handled again when its handler was broken off by the stop of its actor, which is no crash', async () => {
    const seen: number[] = []
    const patient = defineActor<{ type: 'wait' }, undefined>({
      name: 'patient',
      init: () => undefined,
      handle: {
        wait: async (_, _message, { incarnation, clock, signal }) => {
          seen.push(incarnation)
          if (incarnation === 1) await sleep(clock, 1_000, signal)
        },
      },
    })
    const children = [{ start: tracedActor().definition }, { start: patient }]
    await using probe = await probeActors(children, { strategy: 'oneForAll' })

    void probe.ref<{ type: 'wait' }>('patient').tell({ type: 'wait' })
    await probe.clock.advance(0)
    void probe.ref<TracedMessage>('traced').tell({ type: 'crash' })
    await probe.clock.advance(10)

    assert.deepEqual(seen, [1, 2])
    assert.deepEqual(
      probe.events.filter(({ path }) => path === 'root/patient').map(({ type }) => type),
      ['childStarted', 'childStopped', 'childRestarted'],
    )
    assert.equal(probe.system.deadLetters().byReason.failed, 1, 'the message that made the other crash')
  })

  it('makes the supervisor fail with its error when it escalates', async () => {
    const fault = new Error('poison')
    const definition = defineActor<{ type: 'work' }, undefined>({
      name: 'worker',
      failingMessage: { retry: 1, afterwards: 'escalate' },
      init: () => undefined,
      handle: { work: thrower(fault) },
    })
    const probe = await probeActors([{ start: definition }])

    void probe.ref<{ type: 'work' }>('worker').tell({ type: 'work' })

    assert.deepEqual(await probe.system.done, { kind: 'crashed', error: fault })
    assert.equal(probe.system.deadLetters().byReason.failed, 1)
    assert.equal(probe.events.filter(({ type }) => type === 'childCrashed').length, 2)
  })

  it('counts when the function that is to tell fails itself', async () => {
    const definition = defineActor<{ type: 'work' }, undefined>({
      name: 'worker',
      countsAgainstIntensity: thrower(new Error('cannot tell')),
      init: () => undefined,
      handle: { work: thrower(new Error('fault')) },
    })
    const probe = await probeActors([{ start: definition }], { maxRestarts: 0 })

    void probe.ref<{ type: 'work' }>('worker').tell({ type: 'work' })

    assert.equal((await probe.system.done).kind, 'crashed')
  })

  it('is tried again at once and without limit when its crashes do not count', async () => {
    class PoisonRecord extends Error {}
    const batch = { type: 'batch' as const, next: 0 }
    const definition = defineActor<typeof batch, undefined>({
      name: 'stage',
      failingMessage: { retry: Infinity, afterwards: 'dead-letter' },
      countsAgainstIntensity: (error) => !(error instanceof PoisonRecord),
      init: () => undefined,
      handle: {
        batch: (_, message) => {
          if (message.next++ < 1_000) throw new PoisonRecord('poison')
        },
      },
    })
    await using probe = await probeActors([{ start: definition }], { maxRestarts: 0, backoff: { initialMs: 1_000 } })

    void probe.ref<typeof batch>('stage').tell(batch)
    await probe.clock.advance(0)

    assert.equal(batch.next, 1_001)
    const [stage] = probe.system.whichChildren()
    assert.ok(stage?.kind === 'actor')
    assert.deepEqual([stage.status, stage.incarnation, stage.mailboxCount], ['running', 1_001, 0])
  })
})

describe('A bounded mailbox', () => {
  it('B12 holds a producer ten times as fast as its consumer to its bounds, and loses nothing', async () => {
    const handled: number[] = []
    const definition = defineActor<{ type: 'work'; id: number }, undefined>({
      name: 'consumer',
      mailboxMax: 8,
      mailboxMaxBytes: 500,
      sizeOf: () => 100,
      init: () => undefined,
      handle: {
        work: async (_, { id }, { clock }) => {
          await sleep(clock, 10)
          handled.push(id)
        },
      },
    })
    await using probe = await probeActors([{ start: definition }])
    const ref = probe.ref<{ type: 'work'; id: number }>('consumer')
    let sent = 0
    const produce = async () => {
      while (sent < 100) {
        await sleep(probe.clock, 1)
        await ref.tell({ type: 'work', id: sent++ })
      }
    }

    const produced = produce()
    for (let elapsedMs = 0; elapsedMs < 1_100; elapsedMs++) {
      await probe.clock.advance(1)
      const [consumer] = probe.system.whichChildren()
      assert.ok(consumer?.kind === 'actor')
      assert.ok(consumer.mailboxCount <= 5 && consumer.mailboxBytes <= 500 && consumer.waitingCount <= 1)
      assert.ok(sent - handled.length <= 6)
    }
    await produced

    assert.deepEqual(
      handled,
      Array.from({ length: 100 }, (_, id) => id),
    )
  })

  it('refuses messages when 1,024 wait for room, and counts them', async () => {
    const definition = defineActor<{ type: 'work' }, number>({
      name: 'consumer',
      mailboxMax: 1,
      init: () => 0,
      handle: { work: (count) => count + 1 },
    })
    await using probe = await probeActors([{ start: definition }])
    const ref = probe.ref<{ type: 'work' }>('consumer')

    const sent = Array.from({ length: 1_027 }, () => ref.tell({ type: 'work' }))
    const outcomes = await Promise.allSettled(sent)

    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    assert.deepEqual(
      refused.map(({ reason }) => reason.code),
      ['ACTOR_MAILBOX_FULL', 'ACTOR_MAILBOX_FULL'],
    )
    assert.equal(probe.system.deadLetters().byReason.refused, 2)
  })

  it('rejects messages to an actor that has ended, and those that waited for room when it did', async () => {
    const definition = defineActor<{ type: 'leave' }, undefined>({
      name: 'worker',
      mailboxMax: 2,
      init: () => undefined,
      handleInPlace: { leave: (_, _message, context) => context.stop() },
    })
    await using probe = await probeActors([{ start: definition, restart: 'transient' }])
    const ref = probe.ref<{ type: 'leave' }>('worker')

    const inMailbox: number[] = []
    const sent = Array.from({ length: 4 }, () => ref.tell({ type: 'leave' }))
    for (const [index, each] of sent.entries()) {
      each.then(
        () => inMailbox.push(index),
        () => {},
      )
    }
    const [admitted, , admittedLater, waiting] = sent
    await admitted
    assert.deepEqual(inMailbox, [0, 1])
    await admittedLater
    await assert.rejects(waiting!, { code: 'ACTOR_MAILBOX_CLOSED' })
    await assert.rejects(ref.tell({ type: 'leave' }), { code: 'ACTOR_MAILBOX_CLOSED' })

    const about = { path: 'root/worker', messageType: 'leave' }
    const stopped = { ...about, reason: 'stopped' }
    assert.deepEqual(probe.system.deadLetters(), {
      total: 4,
      byReason: { ended: 1, stopped: 3, failed: 0, refused: 0, lost: 0 },
      latest: [stopped, stopped, stopped, { ...about, reason: 'ended' }],
    })
  })
})

type TracedMessage = { type: 'work'; id: number } | { type: 'crash' } | { type: 'leave' }

/** An actor that writes down what happens to it; its hooks take 1 ms of virtual time each. */
function tracedActor() {
  const trace: string[] = []
  const definition = defineActor<TracedMessage, number>({
    name: 'traced',
    async init({ incarnation, clock }) {
      trace.push(`init ${incarnation} begins`)
      await sleep(clock, 1)
      trace.push(`init ${incarnation} ends`)
      return incarnation
    },
    handleInPlace: {
      work: (incarnation, { id }) => void trace.push(`work ${id} in ${incarnation}`),
      crash: thrower(new Error('fault')),
      leave: (_, _message, context) => context.stop(),
    },
    async onStop(incarnation, reason, { clock }) {
      trace.push(`stop ${incarnation} begins: ${reason.kind}`)
      await sleep(clock, 1)
      trace.push(`stop ${incarnation} ends`)
    },
  })
  return { trace, definition }
}

function thrower(error: Error): () => never {
  return () => {
    throw error
  }
}
