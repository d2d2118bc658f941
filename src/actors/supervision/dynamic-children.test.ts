import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { probeActors } from '../../testing/index.ts'
import { type Order, tracedActor } from '../fixtures/traced-actor.ts'
import { type ActorMessage, defineActor, supervisor } from '../index.ts'

const crash: Order = { type: 'crash' }
const leave: Order = { type: 'leave' }
const strategies = ['oneForOne', 'oneForAll', 'restForOne'] as const
const restartTypes = ['permanent', 'transient', 'temporary'] as const

describe('startChild', () => {
  for (const strategy of strategies) {
    it(`B1 B2 B3 adds a child that is restarted as ${strategy} says`, async () => {
      const { trace, child } = tracer()
      await using probe = await probeActors([{ start: child('a') }], { strategy })
      const root = probe.system.supervisor('root')

      const b = await root.startChild<Order>({ start: child('b') })
      await root.startChild({ start: child('c') })
      void b.tell(crash)
      await probe.clock.advance(0)

      const restarts = {
        oneForOne: ['-b1', '+b2'],
        oneForAll: ['-b1', '-c1', '-a1', '+a2', '+b2', '+c2'],
        restForOne: ['-b1', '-c1', '+b2', '+c2'],
      }
      assert.deepEqual(trace, ['+a1', '+b1', '+c1', ...restarts[strategy]])
      assert.equal(probe.ref('b'), b)
    })
  }

  it('resolves once the child is up, and stops children in reverse order of their addition', async () => {
    const { trace, child } = tracer()
    const probe = await probeActors([{ start: child('a') }])

    const starting = probe.system.supervisor('root').startChild({ start: child('b', { initMs: 50 }) })
    await probe.clock.advance(49)
    assert.deepEqual(trace, ['+a1'])
    await probe.clock.until(starting)
    await probe.stop()

    assert.deepEqual(trace, ['+a1', '+b1', '-b1', '-a1'])
  })

  it('refuses an id that a sibling has, running or not, and a wrong description', async () => {
    const { child } = tracer()
    await using probe = await probeActors([{ start: child('a') }])
    const root = probe.system.supervisor('root')

    await assert.rejects(root.startChild({ start: child('a') }), {
      code: 'ACTOR_CHILD_EXISTS',
      details: { path: 'root/a' },
    })
    await root.terminateChild('a')
    await assert.rejects(root.startChild({ start: child('a') }), { code: 'ACTOR_CHILD_EXISTS' })
    await root.deleteChild('a')
    await root.startChild({ start: child('a') })
    await assert.rejects(root.startChild({ id: 'x/y', start: child('a') }), { code: 'ACTOR_SPEC_INVALID' })
  })

  it('does not keep a child that does not start, and counts no restart for it', async () => {
    const { trace, child } = tracer()
    await using probe = await probeActors([{ start: child('a') }], { maxRestarts: 0 })
    const root = probe.system.supervisor('root')

    await assert.rejects(root.startChild({ start: child('b', { failing: true }) }), {
      code: 'ACTOR_START_FAILED',
      details: { path: 'root/b' },
      cause: new Error('no start'),
    })

    assert.deepEqual(root.countChildren(), { actors: 1, supervisors: 0, running: 1 })
    assert.throws(() => probe.ref('b'), { code: 'ACTOR_NOT_FOUND' })
    await root.startChild({ start: child('b') })
    assert.deepEqual(trace, ['+a1', '+b1'])
  })

  it('adds a supervisor, whose children can be changed in turn', async () => {
    const { trace, child } = tracer()
    await using probe = await probeActors([])

    const inner = await probe.system
      .supervisor('root')
      .startChild({ start: supervisor({ name: 'inner', children: [{ start: child('a') }] }) })
    await inner.startChild({ start: child('b') })
    assert.equal(probe.system.supervisor('inner'), inner)
    await probe.system.supervisor('root').terminateChild('inner')

    assert.deepEqual(trace, ['+a1', '+b1', '-b1', '-a1'])
    await assert.rejects(inner.startChild({ start: child('c') }), { code: 'ACTOR_SUPERVISOR_DOWN', retryable: true })
  })

  it('can be called by an actor', async () => {
    const { trace, child } = tracer()
    const acceptor = defineActor<{ type: 'accept'; id: string }, undefined>({
      name: 'acceptor',
      init: () => undefined,
      handle: {
        accept: async (_, { id }, context) => void (await context.supervisor('root').startChild({ start: child(id) })),
      },
    })
    await using probe = await probeActors([{ start: acceptor }])

    for (const id of ['a', 'b']) void probe.ref<{ type: 'accept'; id: string }>('acceptor').tell({ type: 'accept', id })
    await probe.clock.advance(0)

    assert.deepEqual(trace, ['+a1', '+b1'])
  })

  it('follows a restart of the others that is under way', async () => {
    const { trace, child } = tracer()
    await using probe = await probeActors([{ start: child('a', { initMs: 10 }) }], { strategy: 'oneForAll' })
    void probe.ref<Order>('a').tell(crash)
    await probe.clock.advance(5)

    const starting = probe.system.supervisor('root').startChild({ start: child('b', { initMs: 10 }) })
    await probe.clock.advance(5)
    void probe.ref<Order>('a').tell(crash)
    await probe.clock.advance(10)
    await starting
    await probe.clock.advance(20)

    assert.deepEqual(trace, ['+a1', '-a1', '+a2', '-a2', '+b1', '-b1', '+a3', '+b2'])
  })

  it('ends its child with the life of the supervisor, which begins again with those of its description', async () => {
    const { trace, child } = tracer()
    const inner = supervisor({
      name: 'inner',
      maxRestarts: 0,
      children: [{ start: child('a') }, { start: child('b') }],
    })
    await using probe = await probeActors([{ start: inner }])
    const ref = probe.system.supervisor('inner')
    await ref.terminateChild('b')
    await ref.deleteChild('b')
    const c = await ref.startChild<Order>({ start: child('c') })
    const notices: string[] = []
    c.monitor(({ kind }) => notices.push(kind))

    void probe.ref<Order>('a').tell(crash)
    await probe.clock.advance(0)

    assert.deepEqual(trace, ['+a1', '+b1', '-b1', '+c1', '-a1', '-c1', '+a2', '+b1'])
    assert.deepEqual(notices, ['down', 'ended'])
    assert.throws(() => probe.ref('c'), { code: 'ACTOR_NOT_FOUND' })
    await assert.rejects(c.tell(leave)!, { code: 'ACTOR_MAILBOX_CLOSED' })
  })
})

describe('A child that was added', () => {
  for (const restart of restartTypes) {
    for (const exit of [crash, leave]) {
      const isRestarted = restart === 'permanent' || (restart === 'transient' && exit === crash)
      const outcome = isRestarted ? 'is restarted' : restart === 'temporary' ? 'is forgotten' : 'is kept, ended'

      it(`B1 ${outcome} after: ${exit.type}, when ${restart}`, async () => {
        const { child } = tracer()
        await using probe = await probeActors([])
        const root = probe.system.supervisor('root')
        const ref = await root.startChild<Order>({ start: child('a'), restart })

        void ref.tell(exit)
        await probe.clock.advance(0)

        const expected = isRestarted ? ['running'] : restart === 'temporary' ? [] : ['ended']
        assert.deepEqual(
          root.whichChildren().map(({ status }) => status),
          expected,
        )
      })
    }
  }
})

describe('terminateChild', () => {
  it('stops a child, keeps its description, and makes dead letters of what it had queued', async () => {
    const { trace, child } = tracer()
    await using probe = await probeActors([{ start: child('a') }, { start: child('b') }])
    const root = probe.system.supervisor('root')
    void probe.ref<Order>('a').tell(leave)
    void probe.ref<Order>('a').tell(leave)

    await root.terminateChild('a')
    await root.terminateChild('a')
    await probe.clock.advance(10_000)

    assert.deepEqual(trace, ['+a1', '+b1', '-a1'])
    assert.deepEqual(
      root.whichChildren().map(({ status }) => status),
      ['ended', 'running'],
    )
    assert.equal(probe.system.deadLetters().byReason.stopped, 2)
    await assert.rejects(root.terminateChild('x'), { code: 'ACTOR_NOT_FOUND', details: { path: 'root', id: 'x' } })
  })

  it('B5 cancels a restart that its child waits for', async () => {
    const { trace, child } = tracer()
    await using probe = await probeActors([{ start: child('a') }], { backoff: { initialMs: 100, jitter: 0 } })
    const root = probe.system.supervisor('root')
    void probe.ref<Order>('a').tell(crash)
    await probe.clock.advance(50)

    await root.terminateChild('a')

    assert.equal(probe.clock.pendingTimers, 0)
    await root.restartChild('a')
    await probe.clock.advance(1_000)
    assert.deepEqual(trace, ['+a1', '-a1', '+a2'])
  })

  it('breaks off a start', async () => {
    const { trace, child } = tracer()
    await using probe = await probeActors([])
    const root = probe.system.supervisor('root')
    const starting = root.startChild({ start: child('a', { initMs: 100 }), shutdownMs: 10 })
    starting.catch(() => {})

    await probe.clock.until(root.terminateChild('a'))

    await assert.rejects(starting, { code: 'ACTOR_START_FAILED', message: 'root/a was stopped while it started' })
    assert.equal(probe.clock.monotonicMs(), 10)
    assert.deepEqual(root.whichChildren(), [])
    assert.deepEqual(trace, [])
  })

  it('B2 lets its child come back when all others restart, unless it is temporary', async () => {
    const { trace, child } = tracer()
    const children = [
      { start: child('a') },
      { start: child('b') },
      { start: child('c'), restart: 'temporary' as const },
    ]
    await using probe = await probeActors(children, { strategy: 'oneForAll' })
    const root = probe.system.supervisor('root')
    await root.terminateChild('b')
    await root.terminateChild('c')
    trace.length = 0

    void probe.ref<Order>('a').tell(crash)
    await probe.clock.advance(0)

    assert.deepEqual(trace, ['-a1', '+a2', '+b2'])
  })
})

describe('restartChild', () => {
  it('starts a child that was terminated or has ended for good, and no other', async () => {
    const { trace, child } = tracer()
    const children = [{ start: child('a') }, { start: child('b'), restart: 'temporary' as const }]
    await using probe = await probeActors(children)
    const root = probe.system.supervisor('root')
    const ref = probe.ref<Order>('a')
    await assert.rejects(root.restartChild('a'), { code: 'ACTOR_CHILD_RUNNING', details: { path: 'root/a' } })

    void probe.ref<Order>('b').tell(leave)
    await probe.clock.advance(0)
    const terminating = root.terminateChild('a')
    await Promise.all([terminating, root.restartChild('a'), root.restartChild('b')])

    assert.deepEqual(trace, ['+a1', '+b1', '-b1', '-a1', '+b2', '+a2'])
    void ref.tell(crash)
    await probe.clock.advance(0)
    assert.deepEqual(trace.slice(-2), ['-a2', '+a3'])
    await assert.rejects(root.restartChild('x'), { code: 'ACTOR_NOT_FOUND' })
  })

  it('leaves a child that does not start as it was', async () => {
    const { child } = tracer()
    let isFailing = false
    const fickle = defineActor<Order, undefined>({
      name: 'fickle',
      init: () => {
        if (isFailing) throw new Error('no start')
      },
      handle: { crash: () => undefined, leave: () => undefined },
    })
    await using probe = await probeActors([{ start: fickle }, { start: child('b') }], { maxRestarts: 0 })
    const root = probe.system.supervisor('root')
    await root.terminateChild('fickle')
    isFailing = true

    await assert.rejects(root.restartChild('fickle'), { code: 'ACTOR_START_FAILED', cause: new Error('no start') })

    assert.equal(root.whichChildren()[0]?.status, 'ended')
    isFailing = false
    await root.restartChild('fickle')
    assert.equal(root.whichChildren()[0]?.status, 'running')
  })
})

describe('deleteChild', () => {
  it('forgets a child that is down, and its address', async () => {
    const { child } = tracer()
    await using probe = await probeActors([{ start: child('a') }])
    const root = probe.system.supervisor('root')
    await assert.rejects(root.deleteChild('a'), { code: 'ACTOR_CHILD_RUNNING' })
    await root.terminateChild('a')
    assert.equal(probe.ref('a').path, 'root/a')

    await root.deleteChild('a')

    assert.deepEqual(root.whichChildren(), [])
    assert.throws(() => probe.ref('a'), { code: 'ACTOR_NOT_FOUND' })
    await assert.rejects(root.restartChild('a'), { code: 'ACTOR_NOT_FOUND' })
  })
})

describe('A snapshot', () => {
  it('B21 shows restarts, the last cause, and how many messages an actor handles', async () => {
    const { child } = tracer()
    const worker = defineActor<ActorMessage, undefined>({ name: 'worker', init: () => undefined, handle: { job() {} } })
    await using probe = await probeActors([{ start: child('a') }, { start: worker }])
    const rate = () => {
      const shown = probe.system.snapshot().children[1]
      return shown?.kind === 'actor' ? [shown.handledCount, shown.handledPerSecond] : undefined
    }
    void probe.ref<Order>('a').tell(crash)
    for (let count = 0; count < 30; count++) void probe.ref('worker').tell({ type: 'job' } as never)

    await probe.clock.advance(500)
    assert.deepEqual(rate(), [30, 60])
    await probe.clock.advance(1_000)
    assert.deepEqual(rate(), [30, 20])
    await probe.clock.advance(1_000)
    assert.deepEqual(rate(), [30, 0])

    const [crashed] = probe.system.snapshot().children
    assert.equal(crashed?.incarnation, 2)
    assert.deepEqual(crashed.lastReason, { kind: 'crashed', error: new Error('fault') })
    assert.equal(probe.system.snapshot().path, 'root')
  })
})

function tracer() {
  const trace: string[] = []
  const child = (name: string, behaviour = {}) => tracedActor(trace, name, behaviour)
  return { trace, child }
}
