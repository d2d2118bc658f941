import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sleep } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import { probeActors } from '../../testing/index.ts'
import { defineActor, supervisor } from '../index.ts'

type Order = { type: 'crash' } | { type: 'leave' } | { type: 'work' }
const crash: Order = { type: 'crash' }
const leave: Order = { type: 'leave' }
const fault = new Error('fault')
const startFault = new Error('no start')

describe('A supervisor', () => {
  const expected = {
    oneForOne: ['-b1', '+b2'],
    oneForAll: ['-b1', '-c1', '-a1', '+a2', '+b2', '+c2'],
    restForOne: ['-b1', '-c1', '+b2', '+c2'],
  }
  for (const strategy of ['oneForOne', 'oneForAll', 'restForOne'] as const) {
    for (const restart of ['permanent', 'transient', 'temporary'] as const) {
      for (const exit of [crash, leave]) {
        const isRestarted = restart === 'permanent' || (restart === 'transient' && exit === crash)
        const outcome = isRestarted ? expected[strategy] : ['-b1']

        it(`${strategy}, ${restart} child, ${exit.type}: ${outcome.join(' ')}`, async () => {
          const { trace, child } = tracer()
          const children = [{ start: child('a') }, { start: child('b'), restart }, { start: child('c') }]
          const probe = await probeActors(children, { strategy })
          assert.deepEqual(trace.splice(0), ['+a1', '+b1', '+c1'])

          void probe.ref<Order>('b').tell(exit)
          await probe.clock.advance(0)

          assert.deepEqual(trace.splice(0), outcome)
          await probe.stop()
          assert.deepEqual(
            trace.map((entry) => entry.slice(0, 2)),
            isRestarted ? ['-c', '-b', '-a'] : ['-c', '-a'],
          )
        })
      }
    }
  }

  it('restarts, with the others, a transient child that had ended normally, and no temporary one', async () => {
    const { trace, child } = tracer()
    await using probe = await probeActors(
      [{ start: child('a') }, { start: child('b'), restart: 'transient' }, { start: child('c'), restart: 'temporary' }],
      { strategy: 'oneForAll' },
    )
    void probe.ref<Order>('b').tell(leave)
    await probe.clock.advance(0)
    trace.length = 0

    void probe.ref<Order>('a').tell(crash)
    await probe.clock.advance(0)

    assert.deepEqual(trace, ['-a1', '-c1', '+a2', '+b2'])
    assert.deepEqual(
      probe.system.whichChildren().map(({ status }) => status),
      ['running', 'running', 'ended'],
    )
    await assert.rejects(probe.ref<Order>('c').tell(leave)!, { code: 'ACTOR_MAILBOX_CLOSED' })
  })

  it('B4 fails when children end once more than allowed within the window, and not when one restart is older', async () => {
    for (const [lastGapMs, isUp] of [
      [4_001, true],
      [4_000, false],
    ] as const) {
      const { trace, child } = tracer()
      await using probe = await probeActors([{ start: child('a') }, { start: child('b') }], {
        maxRestarts: 2,
        withinMs: 5_000,
      })
      const ref = probe.ref<Order>('b')
      trace.length = 0

      void ref.tell(crash)
      await probe.clock.advance(1_000)
      void probe.ref<Order>('a').tell(crash)
      await probe.clock.advance(lastGapMs)
      void ref.tell(crash)
      await probe.clock.advance(0)

      const restarts = ['-b1', '+b2', '-a1', '+a2', '-b2']
      assert.deepEqual(trace, isUp ? [...restarts, '+b3'] : [...restarts, '-a2'])
      assert.equal(
        probe.events.some(({ type }) => type === 'supervisorEscalated'),
        !isUp,
      )
    }
  })

  it('names the limit and the last crash when it fails', async () => {
    const { child } = tracer()
    const probe = await probeActors([{ start: child('a') }], { maxRestarts: 0 })

    void probe.ref<Order>('a').tell(crash)
    const reason = await probe.system.done

    assert.ok(reason.kind === 'crashed' && reason.error instanceof MillraceError)
    assert.equal(reason.error.code, 'ACTOR_RESTARTS_EXCEEDED')
    assert.deepEqual(reason.error.details, { path: 'root', child: 'root/a', maxRestarts: 0, withinMs: 5_000 })
    assert.equal(reason.error.cause, fault)
  })

  it('escalates to its parent, which restarts it with all its children, by its own strategy', async () => {
    const { trace, child } = tracer()
    const inner = supervisor({
      name: 'inner',
      maxRestarts: 0,
      children: [{ start: child('b') }, { start: child('c'), restart: 'temporary' }],
    })
    await using probe = await probeActors([{ start: child('a') }, { start: inner }, { start: child('d') }], {
      strategy: 'restForOne',
    })
    const ref = probe.ref<Order>('root/inner/b')
    trace.length = 0

    void ref.tell(crash)
    await probe.clock.advance(0)
    assert.deepEqual(trace.splice(0), ['-b1', '-c1', '-d1', '+b2', '+c2', '+d2'])

    void ref.tell({ type: 'work' })
    await probe.clock.advance(0)
    assert.deepEqual(trace, ['b2 works'])
  })

  it('starts a temporary child again when it is restarted itself, which old watchers do not hear of', async () => {
    const { trace, child } = tracer()
    const inner = supervisor({
      name: 'inner',
      maxRestarts: 0,
      children: [{ start: child('a') }, { start: child('b'), restart: 'temporary' }],
    })
    await using probe = await probeActors([{ start: inner }])
    const notices: string[] = []
    probe.ref('b').monitor(({ kind, incarnation }) => notices.push(`${kind} ${incarnation}`))

    void probe.ref<Order>('b').tell(leave)
    await probe.clock.advance(0)
    void probe.ref<Order>('a').tell(crash)
    await probe.clock.advance(0)
    void probe.ref<Order>('b').tell(leave)
    await probe.clock.advance(0)

    assert.deepEqual(trace, ['+a1', '+b1', '-b1', '-a1', '+a2', '+b2', '-b2'])
    assert.deepEqual(notices, ['down 1', 'ended 1'])
  })

  it('B3 restarts the later siblings of a nested supervisor that one of them follows, and nothing before', async () => {
    const { trace, child } = tracer()
    const inner = supervisor({
      name: 'inner',
      strategy: 'restForOne',
      children: [{ start: child('b') }, { start: child('c') }, { start: child('d') }],
    })
    await using probe = await probeActors([{ start: child('a') }, { start: inner }, { start: child('e') }], {
      strategy: 'restForOne',
    })
    trace.length = 0

    void probe.ref<Order>('c').tell(crash)
    await probe.clock.advance(0)
    assert.deepEqual(trace.splice(0), ['-c1', '-d1', '+c2', '+d2'])

    void probe.ref<Order>('a').tell(crash)
    await probe.clock.advance(0)
    assert.deepEqual(trace, ['-a1', '-e1', '-d2', '-c2', '-b1', '+a2', '+b2', '+c3', '+d3', '+e2'])
  })

  it('B5 restarts two children that crash at once at the same time, each after its own wait', async () => {
    const { trace, child } = tracer()
    await using probe = await probeActors([{ start: child('a') }, { start: child('b') }], {
      maxRestarts: 10,
      backoff: { initialMs: 100, factor: 3, jitter: 0 },
    })
    const crashBoth = () => ['a', 'b'].forEach((id) => void probe.ref<Order>(id).tell(crash))
    trace.length = 0

    crashBoth()
    await probe.clock.advance(99)
    assert.deepEqual(trace.splice(0), ['-a1', '-b1'])
    await probe.clock.advance(1)
    assert.deepEqual(trace.splice(0), ['+a2', '+b2'])

    crashBoth()
    await probe.clock.advance(299)
    assert.deepEqual(trace.splice(0), ['-a2', '-b2'])
    await probe.clock.advance(1)
    assert.deepEqual(trace, ['+a3', '+b3'])
  })

  it('waits the initial time again once a child has stayed up for the window', async () => {
    const { trace, child } = tracer()
    await using probe = await probeActors([{ start: child('a') }], {
      withinMs: 1_000,
      backoff: { initialMs: 100, jitter: 0 },
    })
    const ref = probe.ref<Order>('a')

    void ref.tell(crash)
    await probe.clock.advance(100 + 1_001)
    trace.length = 0
    void ref.tell(crash)
    await probe.clock.advance(100)

    assert.deepEqual(trace, ['-a2', '+a3'])
  })

  it('waits longer also where the wait is longer than the window', async () => {
    const { trace, child } = tracer()
    await using probe = await probeActors([{ start: child('a') }], {
      withinMs: 100,
      backoff: { initialMs: 1_000, jitter: 0 },
    })
    const ref = probe.ref<Order>('a')

    void ref.tell(crash)
    await probe.clock.advance(1_000)
    trace.length = 0
    void ref.tell(crash)
    await probe.clock.advance(1_999)

    assert.deepEqual(trace.splice(0), ['-a2'])
    await probe.clock.advance(1)
    assert.deepEqual(trace, ['+a3'])
  })

  it('restarts a child although another takes its time to start', async () => {
    const { trace, child } = tracer()
    await using probe = await probeActors([{ start: child('a', { initMs: 1_000 }) }, { start: child('b') }])
    trace.length = 0

    void probe.ref<Order>('a').tell(crash)
    await probe.clock.advance(10)
    void probe.ref<Order>('b').tell(crash)
    await probe.clock.advance(10)

    assert.deepEqual(trace, ['-a1', '-b1', '+b2'])
  })

  it('begins the restart of all anew when a child crashes that was restarted already', async () => {
    const { trace, child } = tracer()
    const children = [{ start: child('a') }, { start: child('b', { initMs: 100 }) }, { start: child('c') }]
    await using probe = await probeActors(children, { strategy: 'oneForAll' })
    trace.length = 0

    void probe.ref<Order>('b').tell(crash)
    await probe.clock.advance(10)
    void probe.ref<Order>('a').tell(crash)
    await probe.clock.advance(300)

    const begunAnew = ['+a2', '-a2', '+b2', '-b2', '+a3', '+b3', '+c2']
    assert.deepEqual(trace, ['-b1', '-c1', '-a1', ...begunAnew])
  })

  it('goes on from a child that does not start, and leaves those before it alone, where only the rest restart', async () => {
    const { trace, child } = tracer()
    const children = [{ start: child('a') }, { start: child('b', { failing: [2] }) }, { start: child('c') }]
    await using probe = await probeActors(children, { strategy: 'restForOne' })
    trace.length = 0

    void probe.ref<Order>('a').tell(crash)
    await probe.clock.advance(0)

    assert.deepEqual(trace, ['-a1', '-c1', '-b1', '+a2', 'b2 fails', '+b3', '+c2'])
  })

  it('waits as long as the child that has to wait longest, where several restart together', async () => {
    const { trace, child } = tracer()
    await using probe = await probeActors([{ start: child('a') }, { start: child('b') }], {
      strategy: 'restForOne',
      backoff: { initialMs: 100, jitter: 0 },
    })
    void probe.ref<Order>('b').tell(crash)
    await probe.clock.advance(100)
    trace.length = 0

    void probe.ref<Order>('b').tell(crash)
    await probe.clock.advance(10)
    void probe.ref<Order>('a').tell(crash)
    await probe.clock.advance(189)
    assert.deepEqual(trace.splice(0), ['-b2', '-a1'])
    await probe.clock.advance(1)
    assert.deepEqual(trace, ['+a2', '+b3'])
  })

  it('counts one restart when children that restart together crash together', async () => {
    const { trace, child } = tracer()
    const frail = supervisor({ name: 'frail', maxRestarts: 0, children: [{ start: child('c', { stopMs: 10 }) }] })
    const children = [{ start: child('a') }, { start: child('b', { stopMs: 10 }) }, { start: frail }]
    await using probe = await probeActors(children, { strategy: 'oneForAll', maxRestarts: 1 })
    trace.length = 0

    for (const id of ['a', 'b', 'c']) void probe.ref<Order>(id).tell(crash)
    await probe.clock.advance(100)

    assert.deepEqual(trace, ['-a1', '-b1', '-c1', '+a2', '+b2', '+c2'])
    assert.equal(probe.system.countChildren().running, 4)
  })

  it('attends to a crash during its start once all children are up', async () => {
    const { trace, child } = tracer()
    const inner = supervisor({
      name: 'inner',
      strategy: 'oneForAll',
      children: [{ start: child('a', { crashesAfterMs: 10 }) }, { start: child('b', { initMs: 100 }) }],
    })
    await using probe = await probeActors([{ start: inner }])
    await probe.clock.advance(300)

    assert.deepEqual(trace, ['+a1', '-a1', '+b1', '-b1', '+a2', '+b2'])
    assert.equal(probe.system.countChildren().running, 3)
  })

  it('counts a restart whose init fails as a crash, and tries again', async () => {
    const { trace, child } = tracer()
    const probe = await probeActors([{ start: child('a', { failing: [2, 3, 4] }) }], { maxRestarts: 3 })
    trace.length = 0

    void probe.ref<Order>('a').tell(crash)
    const reason = await probe.system.done

    assert.deepEqual(trace, ['-a1', 'a2 fails', 'a3 fails', 'a4 fails'])
    assert.ok(reason.kind === 'crashed' && reason.error instanceof MillraceError)
    assert.equal(reason.error.cause, startFault)
  })

  it('stops while children wait for their restart or are starting', async () => {
    const { trace, child } = tracer()
    const probe = await probeActors([{ start: child('a') }, { start: child('b', { initMs: 100 }) }], {
      backoff: { initialMs: 50, jitter: 0 },
    })
    trace.length = 0
    for (const id of ['a', 'b']) void probe.ref<Order>(id).tell(crash)
    await probe.clock.advance(60)
    void probe.ref<Order>('a').tell(crash)
    await probe.clock.advance(0)

    await probe.stop()
    await probe.clock.advance(1_000)

    assert.deepEqual(trace, ['-a1', '-b1', '+a2', '-a2', '+b2', '-b2'])
    assert.equal(probe.clock.pendingTimers, 0)
    assert.deepEqual(
      probe.events.filter(({ type }) => type === 'childRestarted').map(({ path }) => path),
      ['root/a'],
    )
  })

  it('stops while a supervisor below it is starting, which is no failure of that one', async () => {
    const { trace, child } = tracer()
    const inner = supervisor({
      name: 'inner',
      maxRestarts: 0,
      children: [{ start: child('a') }, { start: child('b', { initMs: 100 }) }, { start: child('c') }],
    })
    const probe = await probeActors([{ start: inner }])
    void probe.ref<Order>('a').tell(crash)
    await probe.clock.advance(50)
    trace.length = 0

    await probe.stop()

    assert.deepEqual(trace, ['+b2', '-b2', '-a2'])
    assert.equal(probe.events.filter(({ type }) => type === 'supervisorEscalated').length, 1)
  })

  it('leaves a child down that crashes while the others are being stopped', async () => {
    const { trace, child } = tracer()
    const probe = await probeActors([{ start: child('a') }, { start: child('b', { stopMs: 100 }) }], { maxRestarts: 0 })
    trace.length = 0

    const stopped = probe.system.stop({ drainMs: 0 })
    await probe.clock.advance(50)
    void probe.ref<Order>('a').tell(crash)
    await probe.clock.until(stopped)

    assert.deepEqual(trace, ['-a1', '-b1'])
    assert.ok(probe.events.every(({ type }) => type !== 'supervisorEscalated'))
  })

  it('gives up a child that does not stop within shutdownMs, and never hears of it again', async () => {
    const { trace, child } = tracer()
    const hung = defineActor<{ type: 'hang' }, undefined>({
      name: 'hung',
      init: ({ incarnation }) => void trace.push(`+hung${incarnation}`),
      handleInPlace: { hang: (_, _message, { clock }) => sleep(clock, 1_000) },
      onStop: () => void trace.push('-hung'),
    })
    await using probe = await probeActors(
      [{ start: child('a') }, { start: hung, shutdownMs: 100, restart: 'transient' }],
      { strategy: 'oneForAll' },
    )
    const ref = probe.ref<{ type: 'hang' }>('hung')
    trace.length = 0

    void ref.tell({ type: 'hang' })
    await probe.clock.advance(0)
    void probe.ref<Order>('a').tell(crash)
    await probe.clock.advance(99)
    assert.deepEqual(trace, ['-a1'])
    await probe.clock.advance(1)
    assert.deepEqual(trace, ['-a1', '+a2', '+hung2'])
    assert.deepEqual(probe.events.at(-3), {
      type: 'childStopped',
      path: 'root/hung',
      incarnation: 1,
      reason: { kind: 'killed' },
    })

    await probe.clock.advance(950)
    const next = probe.system.whichChildren()[1]
    assert.ok(next?.kind === 'actor')
    assert.equal(next.mailboxCount, 1, 'the first incarnation has finished, the second keeps its message')
    await probe.clock.advance(5_000)
    assert.deepEqual(trace, ['-a1', '+a2', '+hung2'])
    assert.equal(probe.system.whichChildren()[1]!.status, 'running')
  })
})

interface Behaviour {
  initMs?: number
  stopMs?: number
  /** The incarnations whose `init` fails. */
  failing?: number[]
  /** When the first incarnation crashes by itself. */
  crashesAfterMs?: number
}

/** Makes actors that write down when each of their incarnations is up (`+a1`) and down (`-a1`). */
function tracer() {
  const trace: string[] = []
  const child = (name: string, { initMs, stopMs, failing = [], crashesAfterMs }: Behaviour = {}) =>
    defineActor<Order, string>({
      name,
      async init({ incarnation, clock, self }) {
        if (initMs !== undefined) await sleep(clock, initMs)
        const life = `${name}${incarnation}`
        const isFailing = failing.includes(incarnation)
        trace.push(isFailing ? `${life} fails` : `+${life}`)
        if (isFailing) throw startFault
        if (incarnation === 1 && crashesAfterMs !== undefined) {
          clock.setTimer({ afterMs: crashesAfterMs }, () => void self.tell(crash))
        }
        return life
      },
      handleInPlace: {
        crash: () => {
          throw fault
        },
        leave: (_, _message, context) => context.stop(),
        work: (life) => void trace.push(`${life} works`),
      },
      async onStop(life, _reason, { clock }) {
        if (stopMs !== undefined) await sleep(clock, stopMs)
        trace.push(`-${life}`)
      },
    })
  return { trace, child }
}
