import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sleep } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import { probeActors } from '../../testing/index.ts'
import {
  type ActorDefinition,
  defineActor,
  type Reply,
  startSystem,
  supervisor,
  type SupervisorOptions,
  type SystemEvent,
} from '../index.ts'

type Job = { type: 'job'; id: number }

describe('startSystem', () => {
  it('stops what had started, in reverse order, when a child does not start', async () => {
    const trace: string[] = []
    const cause = new Error('no disk')
    const failing = defineActor<Job, undefined>({
      name: 'failing',
      init: () => Promise.reject(cause),
      handle: { job: () => undefined },
      onStop: () => void trace.push('-failing'),
    })
    const inner = supervisor({ name: 'inner', children: [{ start: traced('c', trace) }, { start: failing }] })
    const children = [{ start: traced('a', trace) }, { start: traced('b', trace) }, { start: inner }]

    const starting = startSystem({ name: 'test', root: supervisor({ name: 'root', children }) })

    const error = await starting.then(
      () => assert.fail('it started'),
      (error: unknown) => error,
    )
    assert.ok(error instanceof MillraceError && error.cause instanceof MillraceError)
    assert.deepEqual([error.code, error.details], ['ACTOR_START_FAILED', { path: 'root/inner' }])
    assert.deepEqual(error.cause.details, { path: 'root/inner/failing' })
    assert.equal(error.cause.cause, cause)
    assert.deepEqual(trace, ['+a', '+b', '+c', '-c', '-b', '-a'])
  })

  it('gives up when its signal aborts, and stops what had started', async () => {
    const trace: string[] = []
    const reason = new Error('not wanted any more')
    const giveUp = new AbortController()
    const slow = defineActor<Job, undefined>({
      name: 'slow',
      init: ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('the start was broken off')))
          giveUp.abort(reason)
        }),
      handle: { job: () => undefined },
    })
    const root = supervisor({ name: 'root', children: [{ start: traced('a', trace) }, { start: slow }] })

    await assert.rejects(startSystem({ name: 'test', root, signal: giveUp.signal }), (error) => error === reason)

    assert.deepEqual(trace, ['+a', '-a'])
    await assert.rejects(startSystem({ name: 'test', root, signal: giveUp.signal }), (error) => error === reason)
    assert.deepEqual(trace, ['+a', '-a'])
  })

  it('stops when its signal aborts', async () => {
    const trace: string[] = []
    const end = new AbortController()
    const root = supervisor({ name: 'root', children: [{ start: traced('a', trace) }] })
    const system = await startSystem({ name: 'test', root, signal: end.signal })

    end.abort()

    assert.deepEqual(await system.done, { kind: 'shutdown' })
    assert.deepEqual(trace, ['+a', '-a'])
  })

  it('starts each child once the one before is up', async () => {
    const trace: string[] = []
    const children = [
      { start: traced('a', trace, 10) },
      { start: traced('b', trace, 5) },
      { start: traced('c', trace) },
    ]

    await using _probe = await probeActors(children)

    assert.deepEqual(trace, ['+a', '+b', '+c'])
  })

  const a = traced('a', [])
  const faults: [string, string, Partial<SupervisorOptions>][] = [
    ['root', 'strategy must be oneForOne, oneForAll or restForOne', { strategy: 'one' as 'oneForOne' }],
    ['root', 'maxRestarts must be a whole number of at least 0', { maxRestarts: -1 }],
    ['root', 'withinMs must be greater than 0', { withinMs: Number.NaN }],
    ['root', "two children have the id 'a'", { children: [{ start: a }, { start: a }] }],
    ['root/', 'the id must be a text that is not empty and has no /', { children: [{ id: '', start: a }] }],
    ['root/a/b', 'the id must be a text that is not empty and has no /', { children: [{ id: 'a/b', start: a }] }],
    [
      'root/a',
      'restart must be permanent, transient or temporary',
      { children: [{ start: a, restart: 'always' as 'permanent' }] },
    ],
    ['root/a', 'shutdownMs must be at least 0', { children: [{ start: a, shutdownMs: -1 }] }],
    [
      'root/x',
      'start must be made by defineActor() or supervisor()',
      { children: [{ id: 'x', start: {} as typeof a }] },
    ],
    ['root', 'backoff.initialMs must be at least 0', { backoff: { initialMs: -1 } }],
    ['root', 'backoff.factor must be at least 1', { backoff: { initialMs: 1, factor: 0.5 } }],
    ['root', 'backoff.maxMs must be at least backoff.initialMs', { backoff: { initialMs: 10, maxMs: 5 } }],
    ['root', 'backoff.jitter must be 0 to 1', { backoff: { initialMs: 1, jitter: 2 } }],
    ['root/a', 'mailboxMax must be a whole number of at least 1', { children: [{ start: { ...a, mailboxMax: 0 } }] }],
    ['root/a', 'mailboxMaxBytes must be greater than 0', { children: [{ start: { ...a, mailboxMaxBytes: 0 } }] }],
    ['root/a', 'mailboxMaxBytes needs sizeOf', { children: [{ start: { ...a, mailboxMaxBytes: 9 } }] }],
    [
      'root/a',
      'failingMessage.retry must be a whole number of at least 1, or Infinity',
      { children: [{ start: { ...a, failingMessage: { retry: 0, afterwards: 'drop' } } }] },
    ],
    [
      'root/inner',
      'shutdownMs is for actors; a supervisor takes as long as its children',
      { children: [{ start: supervisor({ name: 'inner', children: [] }), shutdownMs: 1 as never }] },
    ],
    [
      'root/inner',
      'maxRestarts must be a whole number of at least 0',
      { children: [{ start: supervisor({ name: 'inner', maxRestarts: 0.5, children: [] }) }] },
    ],
  ]
  for (const [path, fault, options] of faults) {
    it(`refuses a description: ${path}: ${fault}`, async () => {
      const root = supervisor({ name: 'root', children: [], ...options })

      await assert.rejects(startSystem({ name: 'test', root }), {
        code: 'ACTOR_SPEC_INVALID',
        message: `${path}: ${fault}`,
        details: { path, fault },
      })
    })
  }
})

describe('A system', () => {
  it('finds an actor by its definition, under whatever id, where that is the only one', async () => {
    const [alone, shared, other] = [traced('alone', []), traced('shared', []), traced('other', [])]
    await using probe = await probeActors([
      { id: 'renamed', start: alone },
      { id: 'x', start: shared },
      { id: 'y', start: shared },
    ])

    assert.equal(probe.ref(alone).path, 'root/renamed')
    assert.throws(() => probe.ref(shared), {
      code: 'ACTOR_NOT_FOUND',
      message: "system 'probe' has 2 actors of the definition 'shared'; use a path, such as 'root/x'",
    })
    assert.throws(() => probe.ref(other), {
      code: 'ACTOR_NOT_FOUND',
      message: "system 'probe' has no actor of the definition 'other'",
    })
  })

  it('finds an actor by its path, or by its id where that is unique', async () => {
    const inner = (name: string) => supervisor({ name, children: [{ id: 'same', start: traced('a', []) }] })
    await using probe = await probeActors([{ start: inner('x') }, { start: inner('y') }, { start: traced('b', []) }])

    assert.equal(probe.ref('b').path, 'root/b')
    assert.equal(probe.ref('root/y/same').path, 'root/y/same')
    assert.throws(() => probe.ref('same'), {
      code: 'ACTOR_NOT_FOUND',
      message: "system 'probe' has 2 actors with the id 'same'; use a path, such as 'root/x/same'",
    })
    assert.throws(() => probe.ref('x'), { code: 'ACTOR_NOT_FOUND', message: "system 'probe' has no actor at 'x'" })
  })

  it('B21 shows what its children are and do', async () => {
    const inner = supervisor({ name: 'inner', children: [{ start: traced('b', []) }] })
    await using probe = await probeActors([{ start: worker() }, { start: inner }])
    const ref = probe.ref<Job>('worker')

    for (let id = 0; id < 4; id++) void ref.tell({ type: 'job', id })
    await probe.clock.advance(0)

    const actor = {
      kind: 'actor',
      status: 'running',
      incarnation: 1,
      lastReason: undefined,
      handledCount: 0,
      handledPerSecond: 0,
      mailboxCount: 0,
      mailboxBytes: 0,
      waitingCount: 0,
    }
    assert.deepEqual(probe.system.whichChildren(), [
      { ...actor, path: 'root/worker', mailboxCount: 2, mailboxBytes: 20, waitingCount: 2 },
      {
        kind: 'supervisor',
        path: 'root/inner',
        status: 'running',
        strategy: 'oneForOne',
        incarnation: 1,
        lastReason: undefined,
        children: [{ ...actor, path: 'root/inner/b' }],
      },
    ])
    assert.deepEqual(probe.system.countChildren(), { actors: 2, supervisors: 1, running: 3 })
  })

  it('handles what is queued before it stops, also what that causes', async () => {
    const done: number[] = []
    const back = defineActor<Job, undefined>({
      name: 'back',
      init: () => undefined,
      handle: { job: (_, { id }, { clock }) => sleep(clock, 10).then(() => void done.push(id)) },
    })
    const front = defineActor<Job, undefined>({
      name: 'front',
      init: () => undefined,
      handleInPlace: { job: (_, message, context) => context.ref<Job>('back').tell(message) },
    })
    await using probe = await probeActors([{ start: back }, { start: front }])

    for (let id = 0; id < 20; id++) void probe.ref<Job>('front').tell({ type: 'job', id })
    const reason = await probe.clock.until(probe.system.stop({ drainMs: 1_000 }))

    assert.deepEqual(reason, { kind: 'shutdown' })
    assert.equal(done.length, 20)
    assert.equal(probe.clock.monotonicMs(), 200)
    assert.equal(probe.system.deadLetters().total, 0)
  })

  it('waits also for messages that senders send on as they hear of the last one', async () => {
    type Question = { type: 'question'; reply: Reply<number> }
    let asked = 0
    const oracle = defineActor<Question, undefined>({
      name: 'oracle',
      init: () => undefined,
      handleInPlace: { question: (_, { reply }) => reply(++asked) },
    })
    const probe = await probeActors([{ start: oracle }])
    const askOn = async () => {
      for (let count = 0; count < 10; count++) await probe.ref<Question>('oracle').ask({ type: 'question' })
    }

    const asking = askOn()
    await probe.clock.until(probe.system.stop({ drainMs: 1_000 }))
    await asking

    assert.equal(asked, 10)
  })

  it('does not wait for messages that an actor left when it ended', async () => {
    const leaver = defineActor<Job, undefined>({
      name: 'leaver',
      init: () => undefined,
      handleInPlace: { job: (_, _message, context) => context.stop() },
    })
    const probe = await probeActors([{ start: leaver, restart: 'temporary' }])
    for (let id = 0; id < 3; id++) void probe.ref<Job>('leaver').tell({ type: 'job', id })
    await probe.clock.advance(0)

    await probe.clock.until(probe.system.stop())

    assert.equal(probe.clock.monotonicMs(), 0)
    assert.equal(probe.system.deadLetters().byReason.stopped, 2)
  })

  it('stops when the time to drain is up, and counts what was left', async () => {
    const probe = await probeActors([{ start: worker() }])
    const ref = probe.ref<Job>('worker')
    const sent = Array.from({ length: 10 }, (_, id) => ref.tell({ type: 'job', id }))

    await probe.clock.until(probe.system.stop({ drainMs: 350 }))

    // The fourth was being handled when the time was up, and was let finish.
    assert.equal(probe.clock.monotonicMs(), 400)
    assert.equal(probe.system.deadLetters().byReason.stopped, 6)
    await assert.rejects(sent[9]!, { code: 'ACTOR_MAILBOX_CLOSED' })
  })

  it('B10 stops once, in reverse order, whoever asks and however often', async () => {
    const trace: string[] = []
    const inner = supervisor({
      name: 'inner',
      children: [{ start: traced('b', trace) }, { start: traced('c', trace) }],
    })
    const probe = await probeActors([{ start: traced('a', trace) }, { start: inner }, { start: traced('d', trace) }])
    trace.length = 0

    const stops = [probe.system.stop(), probe.system.stop({ drainMs: 0 })]
    const reasons = await Promise.all([...stops, probe.system.done])

    assert.deepEqual(new Set(reasons.map(({ kind }) => kind)), new Set(['shutdown']))
    assert.deepEqual(trace, ['-d', '-c', '-b', '-a'])
    assert.deepEqual(await probe.system.stop(), { kind: 'shutdown' })
  })

  it('stops at once when a second call gives less time to drain', async () => {
    const probe = await probeActors([{ start: worker() }])
    for (let id = 0; id < 10; id++) void probe.ref<Job>('worker').tell({ type: 'job', id })

    const patient = probe.system.stop()
    await probe.clock.advance(150)
    await probe.clock.until(probe.system.stop({ drainMs: 0 }))

    assert.deepEqual(await patient, { kind: 'shutdown' })
    assert.equal(probe.clock.monotonicMs(), 200)
    assert.equal(probe.system.deadLetters().byReason.stopped, 8)
  })

  it('B20 shares nothing with another one in the same process', async () => {
    const counts = [0, 0]
    const counter = (index: number) =>
      defineActor<Job, undefined>({
        name: 'counter',
        init: () => undefined,
        handle: {
          job: (_, { id }) => {
            counts[index]!++
            if (id < 0) throw new Error('fault')
          },
        },
      })
    await using first = await probeActors([{ start: counter(0) }], { maxRestarts: 0 })
    await using second = await probeActors([{ start: counter(1) }])

    void first.ref<Job>('counter').tell({ type: 'job', id: 1 })
    void second.ref<Job>('counter').tell({ type: 'job', id: 1 })
    void first.ref<Job>('counter').tell({ type: 'job', id: -1 })
    const { kind } = await first.system.done
    void second.ref<Job>('counter').tell({ type: 'job', id: 1 })
    await second.clock.advance(0)

    assert.equal(kind, 'crashed')
    assert.deepEqual(counts, [2, 2])
    assert.equal(second.system.countChildren().running, 1)
    assert.deepEqual([first.system.deadLetters().total, second.system.deadLetters().total], [1, 0])
  })

  it('goes on when a listener throws, and lets the error surface', async () => {
    const fault = new Error('listener fault')
    const surfaced = new Promise((resolve) => process.setUncaughtExceptionCaptureCallback(resolve))
    const onEvent = ({ type }: SystemEvent) => {
      if (type === 'childStarted') throw fault
    }
    const root = supervisor({ name: 'root', children: [{ start: traced('a', []) }] })

    await using system = await startSystem({ name: 'test', root, onEvent })

    assert.equal(await surfaced, fault)
    process.setUncaughtExceptionCaptureCallback(null)
    assert.equal(system.countChildren().running, 1)
  })
})

function traced(name: string, trace: string[], initMs = 0): ActorDefinition {
  return defineActor<Job, undefined>({
    name,
    init: async ({ clock }) => {
      if (initMs > 0) await sleep(clock, initMs)
      trace.push(`+${name}`)
    },
    handle: { job: () => undefined },
    onStop: () => void trace.push(`-${name}`),
  })
}

/** An actor that takes 100 ms for a job of 10 bytes and has room for two. */
function worker(): ActorDefinition {
  return defineActor<Job, undefined>({
    name: 'worker',
    mailboxMax: 2,
    mailboxMaxBytes: 1_000,
    sizeOf: () => 10,
    init: () => undefined,
    handleInPlace: { job: (_, _message, { clock }) => sleep(clock, 100) },
  })
}
