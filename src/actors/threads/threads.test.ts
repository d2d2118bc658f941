import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isMainThread } from 'node:worker_threads'
import { ActorError, KafkaError, MillraceError } from '../../core/errors.ts'
import { until } from '../../../test/until.ts'
import type { counter, CounterMessage, echo, EchoMessage, secondCounter, waiter } from '../fixtures/thread-actors.ts'
import {
  type ActorSystem,
  type ChildSpec,
  defineActor,
  fromModule,
  group,
  type Reply,
  startSystem,
  supervisor,
  type SystemEvent,
  type SystemOptions,
} from '../index.ts'

const module = new URL('../fixtures/thread-actors.ts', import.meta.url)
const onThread = fromModule<typeof counter>(module, 'counter')
const echoing = fromModule<typeof echo>(module, 'echo', { prefix: '' })
const pool = { name: 'pool', size: 4, member: () => onThread }

interface Running extends AsyncDisposable {
  readonly system: ActorSystem
  readonly events: SystemEvent[]
}

async function run(children: readonly ChildSpec[], options: Partial<SystemOptions> = {}): Promise<Running> {
  const events: SystemEvent[] = []
  const system = await startSystem({
    name: 'threads',
    threads: ['a', 'b'],
    root: supervisor({ name: 'root', children }),
    onEvent: (event) => void events.push(event),
    ...options,
  })
  return { system, events, [Symbol.asyncDispose]: async () => void (await system.stop()) }
}

describe('An actor on a thread', () => {
  it('B17 is told, asked, restarted and shown as any other', async () => {
    await using running = await run([{ start: onThread, thread: 'a' }])
    const { system, events } = running
    const ref = system.ref(onThread)

    await ref.tell({ type: 'add', amount: 3 })
    assert.equal(await ref.ask({ type: 'total' }), 3)
    await ref.tell({ type: 'crash' })
    assert.equal(await ref.ask({ type: 'total' }), 0)

    assert.deepEqual(
      events.map(({ type, path }) => `${type} ${path}`),
      ['childStarted root/counter', 'childCrashed root/counter', 'childRestarted root/counter'],
    )
    assert.deepEqual(system.deadLetters().byReason.failed, 1)
    const [shown] = system.whichChildren()
    assert.ok(shown?.kind === 'actor')
    const { thread, status, incarnation, lastReason } = shown
    assert.deepEqual([thread, status, incarnation, lastReason?.kind], ['a', 'running', 2, 'crashed'])
    await until('all that were handled are shown', () => {
      const [child] = system.whichChildren()
      return child?.kind === 'actor' && child.handledCount === 3
    })
  })

  it('B17 is changed to the definition of another module, with its state, and restarts with it on another thread', async () => {
    await using running = await run([{ start: onThread, thread: 'a' }])
    const { system, events } = running
    const ref = system.ref<CounterMessage | { type: 'name'; reply: Reply<string> }>('counter')
    const url = new URL('../fixtures/thread-actors.ts?version=2', import.meta.url)
    const second = fromModule<typeof secondCounter>(url, 'secondCounter', 'from')
    const root = system.supervisor('root')

    await ref.tell({ type: 'add', amount: 13 })
    assert.equal(await ref.ask({ type: 'total' }), 13)
    await assert.rejects(root.changeChild('counter', second), (error: ActorError) => {
      assert.ok(error instanceof ActorError && error.code === 'ACTOR_CHANGE_FAILED')
      assert.deepEqual(error.details, { path: 'root/counter' })
      assert.ok(error.cause instanceof Error && error.cause.message === 'no 13')
      return true
    })
    await assert.rejects(root.changeChild('counter', fromModule(new URL('./none.ts', url), 'none')), {
      code: 'ACTOR_CHANGE_FAILED',
      message: /goes on with the definition/,
    })
    await ref.tell({ type: 'add', amount: 1 })
    await ref.ask({ type: 'total' })
    await root.changeChild('counter', second)
    assert.deepEqual([await ref.ask({ type: 'total' }), await ref.ask({ type: 'name' })], [140, 'from 1'])
    assert.equal(system.ref(second).path, 'root/counter')

    await ref.tell({ type: 'exit' })
    assert.equal(await ref.ask({ type: 'name' }), 'from anew')
    assert.deepEqual(
      events.map(({ type }) => type),
      ['childStarted', 'childCrashed', 'childRestarted'],
    )
  })

  it('B17 has its answer sent before it handles the next message, however long that takes', async () => {
    const waiting = fromModule<typeof waiter>(module, 'waiter')
    await using running = await run([{ start: waiting, thread: 'a' }])
    const ref = running.system.ref(waiting)
    const gate = new Int32Array(new SharedArrayBuffer(4))

    const asked = [5, 5, 10_000].map((ms) => ref.ask({ type: 'wait', gate: gate.buffer, ms }, { timeoutMs: 60_000 }))
    assert.equal(await asked[1], 'timed-out')
    Atomics.store(gate, 0, 1)
    Atomics.notify(gate, 0)

    assert.notEqual(await asked[2], 'timed-out')
  })

  it('B8 gives the error of a crash with its class, code and cause, and the message', async () => {
    await using running = await run([{ start: onThread, thread: 'a' }])
    const { system, events } = running

    await system.ref(onThread).tell({ type: 'crash' })
    await system.ref(onThread).ask({ type: 'total' })

    const crash = events.find(({ type }) => type === 'childCrashed')
    assert.ok(crash?.type === 'childCrashed' && crash.error instanceof Error && crash.error.cause instanceof Error)
    assert.deepEqual([crash.error.name, crash.error.message], ['TypeError', 'fault'])
    assert.equal(crash.error.cause.message, 'reason')
    assert.deepEqual(crash.message, { type: 'crash' })
  })

  it('B17 gives back data, references, errors and bytes as they were', async () => {
    await using running = await run([
      { start: echoing, thread: 'a' },
      { start: onThread, thread: 'b' },
    ])
    const { system } = running
    const ref = system.ref(echoing)
    const other = system.ref(onThread)

    const when = new Date(0)
    const value = { list: [1, { text: 'x' }], when, map: new Map([[1, 'one']]), nothing: undefined }
    assert.deepEqual(await ref.ask({ type: 'echo', value }), value)
    assert.equal(((await ref.ask({ type: 'echo', value: [other] })) as (typeof other)[])[0]!.path, other.path)
    const error = new KafkaError('TRANSACTION_ABORTED', 'no', { topic: 't' }, new Error('cause'))
    const returned = await ref.ask({ type: 'echo', value: { error } })
    const { error: same } = returned as { error: unknown }
    assert.ok(same instanceof KafkaError && MillraceError.is(same) && same.cause instanceof Error)
    assert.deepEqual([same.code, same.details, same.stack], [error.code, error.details, error.stack])
    const bytes = new Uint8Array([1, 2, 3])
    const part = new Uint8Array([1, 2, 3, 4]).subarray(1, 3)
    assert.deepEqual(await ref.ask({ type: 'echo', value: bytes }), new Uint8Array([1, 2, 3]))
    assert.deepEqual(await ref.ask({ type: 'echo', value: part }), new Uint8Array([2, 3]))
    // Bytes of their own are given away, others copied.
    assert.equal(bytes.byteLength, 0)
    assert.deepEqual([...part], [2, 3])
  })

  it('B17 reaches actors on other threads, by a reference in a message or by their address', async () => {
    await using running = await run([
      { start: echoing, thread: 'a' },
      { start: onThread, thread: 'b' },
      { id: 'near', start: onThread, thread: 'a' },
      { start: mainCounter },
    ])
    const { system } = running
    const ref = system.ref(echoing)

    for (const [index, address] of ['counter', 'near', 'main'].entries()) {
      const to = system.ref<CounterMessage>(address)
      assert.equal(await ref.ask({ type: 'relay', to, amount: index + 1 }), index + 1)
      assert.equal(await ref.ask({ type: 'find', address }), to.path)
    }
    const notFound = ref.ask({ type: 'find', address: 'nobody' })
    await assert.rejects(notFound, ({ code, cause }: ActorError) => {
      return code === 'ACTOR_ASK_FAILED' && (cause as ActorError).code === 'ACTOR_NOT_FOUND'
    })
  })

  it('B17 watches actors on other threads, and is linked to them', async () => {
    await using running = await run([
      { start: echoing, thread: 'a' },
      { start: onThread, thread: 'b' },
    ])
    const { system, events } = running
    const ref = system.ref(echoing)
    await ref.tell({ type: 'watch', other: system.ref(onThread) })
    await ref.ask({ type: 'thread' })

    await system.ref(onThread).tell({ type: 'crash' })
    await until('the watcher has heard of it', async () => (await ref.ask({ type: 'downs' })).length === 1)
    assert.deepEqual(await ref.ask({ type: 'downs' }), ['down root/counter'])

    await ref.tell({ type: 'link', other: system.ref(onThread) })
    await ref.ask({ type: 'thread' })
    await system.ref(onThread).tell({ type: 'exit' })
    const crashOf = (path: string) => events.findLast((event) => event.type === 'childCrashed' && event.path === path)
    const broken = (await until('the linked one crashed', () => crashOf('root/echo'))) as { error: ActorError }
    assert.equal(broken.error.code, 'ACTOR_LINK_BROKEN')
    assert.equal((broken.error.cause as ActorError).code, 'ACTOR_THREAD_DOWN')
  })

  it('B12 B17 keeps the bounds of its mailbox, and its senders wait', async () => {
    await using running = await run([{ start: onThread, thread: 'a' }])
    const { system } = running
    const ref = system.ref(onThread)
    await ref.ask({ type: 'total' })

    let admitted = 0
    const sent = Array.from({ length: 100 }, () => ref.tell({ type: 'add', amount: 1 }).then(() => admitted++))
    const [shown] = system.whichChildren()
    assert.ok(shown?.kind === 'actor')
    assert.deepEqual([shown.mailboxCount, shown.waitingCount], [4, 96])
    await Promise.resolve()
    assert.equal(admitted, 4)
    await Promise.all(sent)
    assert.equal(await ref.ask({ type: 'total' }), 100)
  })

  it('B17 is placed with all below its supervisor, or spread, groups too', async () => {
    await using running = await run([
      {
        start: supervisor({ name: 'tree', children: [{ start: onThread }, { id: 'x', start: onThread }] }),
        thread: 'a',
      },
      { start: group(pool), thread: 'spread' },
    ])
    const { system } = running

    const threadsOf = (name: string) =>
      system
        .supervisor(name)
        .whichChildren()
        .map((child) => (child.kind === 'actor' ? child.thread : undefined))
    assert.deepEqual(threadsOf('tree'), ['a', 'a'])
    assert.deepEqual(threadsOf('pool'), ['b', 'b', 'a', 'b'])
    const added = await system.supervisor('tree').startChild<CounterMessage>({ id: 'y', start: onThread })
    assert.equal(await added.ask({ type: 'total' }), 0)
    await system.group('pool').resize(1)
    assert.deepEqual(threadsOf('pool'), ['b'])
    await system.supervisor('tree').terminateChild('y')
    await assert.rejects(added.tell({ type: 'add', amount: 1 }), { code: 'ACTOR_MAILBOX_CLOSED' })
  })
})

const mainCounter = defineActor<{ type: 'add'; amount: number } | { type: 'total'; reply: Reply<number> }, number>({
  name: 'main',
  init: () => 0,
  handle: {
    add: (total, { amount }) => total + amount,
    total: (total, { reply }) => {
      assert.ok(isMainThread)
      reply(total)
      return total
    },
  },
})

/** A thread takes long to start on a busy machine. */
const patient = { timeoutMs: 60_000 }

describe('A thread that ends', () => {
  const ways = {
    exit: ['exits', 'exited', {}],
    throwOutside: ['throws outside of a handler', 'threw', {}],
    fillMemory: ['runs out of memory', 'outOfMemory', { heapMb: 64 }],
    block: ['is blocked', 'blocked', { blockedMs: 2_000 }],
  } as const
  for (const [type, [how, kind, threadLimits]] of Object.entries(ways)) {
    it(`B8 B17 is a crash of its actors when it ${how}: they restart on a new one, and lose nothing else`, async () => {
      const children = [
        { start: onThread, thread: 'a' },
        { id: 'beside', start: onThread, thread: 'a' },
        { id: 'elsewhere', start: onThread, thread: 'b' },
      ]
      await using running = await run(children, { threadLimits })
      const { system, events } = running
      const [ref, beside] = [system.ref<CounterMessage>('root/counter'), system.ref<CounterMessage>('root/beside')]
      const elsewhere = system.ref<CounterMessage>('elsewhere')
      await elsewhere.tell({ type: 'add', amount: 1 })
      const held = beside.ask({ type: 'hold' }, { timeoutMs: 600_000 })
      await beside.ask({ type: 'total' }, patient)

      void ref.tell({ type: type as keyof typeof ways })
      await assert.rejects(held, ({ code, cause }: ActorError) => {
        const { code: causeCode, details } = cause as ActorError
        assert.deepEqual([code, causeCode, details], ['ACTOR_ASK_FAILED', 'ACTOR_THREAD_DOWN', { thread: 'a', kind }])
        return true
      })
      // In its mailbox, or in that of the next incarnation.
      await ref.tell({ type: 'add', amount: 5 })

      assert.equal(await ref.ask({ type: 'total' }, patient), 5)
      assert.equal(await beside.ask({ type: 'total' }, patient), 0)
      assert.equal(await elsewhere.ask({ type: 'total' }, patient), 1)
      const restarts = events.filter(({ type: each }) => each === 'childRestarted').map(({ path }) => path)
      assert.deepEqual(restarts, ['root/counter', 'root/beside'])
    })
  }

  it('B6 B17 loses no message but the one that was being handled', async () => {
    await using running = await run([{ start: onThread, thread: 'a' }])
    const { system } = running
    const ref = system.ref(onThread)

    const sent = [ref.tell({ type: 'add', amount: 1 }), ref.tell({ type: 'exit' })]
    for (let amount = 2; amount <= 40; amount++) sent.push(ref.tell({ type: 'add', amount }))
    await Promise.all(sent)

    // The first was handled by the incarnation before.
    assert.equal(await ref.ask({ type: 'total' }, patient), (40 * 41) / 2 - 1)
    assert.deepEqual(system.deadLetters().latest, [{ path: 'root/counter', messageType: 'exit', reason: 'failed' }])
  })

  it('B4 B17 counts once against the intensity of a supervisor, however many of its children were on it', async () => {
    const children = Array.from({ length: 6 }, (_, index) => ({ id: `${index}`, start: onThread, thread: 'a' }))
    const root = supervisor({ name: 'root', maxRestarts: 1, children })
    await using running = await run([], { root })
    const { system, events } = running

    await system.ref<CounterMessage>('5').tell({ type: 'exit' })
    await system.ref<CounterMessage>('5').ask({ type: 'total' }, patient)
    assert.equal(events.filter(({ type }) => type === 'childRestarted').length, 6)

    await system.ref<CounterMessage>('5').tell({ type: 'exit' })
    const reason = await system.done
    assert.ok(reason.kind === 'crashed' && reason.error instanceof ActorError)
    assert.equal(reason.error.code, 'ACTOR_RESTARTS_EXCEEDED')
  })
})

describe('What does not cross to a thread', () => {
  it('B17 is refused where it is sent, with the place in the message', async () => {
    await using running = await run([{ start: echoing, thread: 'a' }])
    const { system } = running
    const ref = system.ref<EchoMessage>('echo')
    const bytes = new Uint8Array(8)
    class Money {}
    const values = [
      [() => 0, 'value.0', 'is a function'],
      [Symbol('s'), 'value.0', 'is a symbol'],
      [new Money(), 'value.0', 'is a Money; of classes only the data would cross'],
      [new Set([ref]), 'value.0', 'is a map or set with a reference, an error or bytes in it'],
    ] as const

    for (const [value, place, fault] of values) {
      const answer = ref.ask({ type: 'echo', value: [value] })
      await assert.rejects(answer, { code: 'ACTOR_NOT_SENDABLE', details: { path: 'root/echo', place, fault } })
    }
    await ref.ask({ type: 'echo', value: bytes })
    await assert.rejects(ref.ask({ type: 'echo', value: bytes }), { code: 'ACTOR_NOT_SENDABLE' })
    const deep = Array.from({ length: 70 }).reduce<unknown>((inner) => [inner], 0)
    await assert.rejects(ref.ask({ type: 'echo', value: deep }), { code: 'ACTOR_NOT_SENDABLE' })
    assert.equal(system.deadLetters().byReason.refused, 6)
  })

  it('B17 is refused where it is written', async () => {
    const specs: [ChildSpec, string][] = [
      [{ start: onThread, thread: 'c' }, "there is no thread 'c'; the system has a, b"],
      [{ start: onThread }, 'an actor of fromModule() needs a thread'],
      [{ start: mainCounter, thread: 'a' }, "its functions do not cross to thread 'a'; name the actor by fromModule()"],
    ]
    for (const [spec, fault] of specs) {
      await assert.rejects(run([spec]), ({ code, details }: ActorError) => {
        assert.deepEqual([code, details['fault']], ['ACTOR_SPEC_INVALID', fault])
        return true
      })
    }
    const withFunction = { prefix: (() => '') as unknown as string }
    assert.throws(() => fromModule<typeof echo>(module, 'echo', withFunction), { code: 'ACTOR_NOT_SENDABLE' })
    assert.throws(() => fromModule<typeof counter>('./counter.ts', 'counter'), { code: 'ACTOR_SPEC_INVALID' })
    await assert.rejects(run([], { threads: ['spread'] }), { code: 'ACTOR_SPEC_INVALID' })
  })

  it('B17 is a module that is not there, or exports no such actor: the start says so', async () => {
    const missing = fromModule<typeof counter>(new URL('missing.ts', module), 'counter')
    const absent = fromModule<typeof counter>(module, 'absent')
    const nothing = fromModule<typeof counter>(module, 'nothing')

    for (const [start, code] of [
      [missing, 'ERR_MODULE_NOT_FOUND'],
      [absent, 'ACTOR_SPEC_INVALID'],
      [nothing, 'ACTOR_SPEC_INVALID'],
    ] as const) {
      await assert.rejects(run([{ start, thread: 'a' }]), ({ code: startCode, cause }: ActorError) => {
        assert.deepEqual([startCode, (cause as ActorError).code], ['ACTOR_START_FAILED', code])
        return true
      })
    }
  })
})
