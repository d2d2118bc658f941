import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sleep } from '../../core/clock.ts'
import { ActorError } from '../../core/errors.ts'
import { VirtualClock } from '../../testing/index.ts'
import { SimulatedThreads } from '../fixtures/simulated-threads.ts'
import { defineActor, fromModule, type Reply, supervisor, type SystemEvent } from '../index.ts'
import { startSystemOn } from '../system/system.ts'

type WorkMessage = { type: 'work'; ms: number; reply: Reply<number> }

const worker = defineActor<WorkMessage, undefined>({
  name: 'worker',
  init: () => undefined,
  handleInPlace: {
    work: async (_, { ms, reply }, { clock, incarnation }) => {
      await sleep(clock, ms)
      reply(incarnation)
    },
  },
})

async function startWorkers(count: number) {
  const clock = new VirtualClock()
  const transport = new SimulatedThreads(clock, () => worker)
  const events: SystemEvent[] = []
  const children = Array.from({ length: count }, (_, index) => ({
    id: `${index + 1}`,
    start: fromModule<typeof worker>('sim:workers', 'worker'),
    thread: `${index + 1}`,
  }))
  const system = await clock.until(
    startSystemOn(transport, {
      name: 'workers',
      clock,
      threads: count,
      threadLimits: { blockedMs: 1_000 },
      root: supervisor({ name: 'root', children }),
      onEvent: (event) => void events.push(event),
    }),
  )
  return { clock, transport, events, system }
}

describe('A thread', () => {
  it('B8 B17 that is blocked is down within blockedMs and a half, and its actor answers from a new one', async () => {
    const { clock, transport, events, system } = await startWorkers(1)
    const ref = system.ref<WorkMessage>('1')
    // The tick that looks at what was expected at the start passes.
    await clock.advance(10_000)

    transport.block('1')
    const answer = ref.ask({ type: 'work', ms: 0 })
    await clock.advance(999)
    assert.equal(events.length, 1)
    await clock.advance(501)

    const crash = events[1]
    assert.ok(crash?.type === 'childCrashed' && crash.error instanceof ActorError)
    assert.deepEqual(crash.error.details, { thread: '1', kind: 'blocked' })
    assert.equal(await clock.until(answer), 2)
    await clock.until(system.stop())
  })

  it('B17 that waits in a handler is not blocked, however long that takes', async () => {
    const { clock, events, system } = await startWorkers(1)

    const answer = system.ref<WorkMessage>('1').ask({ type: 'work', ms: 60_000 }, { timeoutMs: 100_000 })
    await clock.advance(60_000)

    assert.equal(await answer, 1)
    assert.equal(events.length, 1)
    await clock.until(system.stop())
  })

  it('B18 costs nothing while nothing is expected of it: no timer, no frame', async () => {
    const { clock, transport, system } = await startWorkers(4)
    const work = ['1', '2', '3', '4'].map((id) => system.ref<WorkMessage>(id).ask({ type: 'work', ms: 10 }))
    await clock.until(Promise.all(work))
    await clock.advance(1_000)

    const before = transport.frameCount
    assert.equal(clock.pendingTimers, 0)
    await clock.advance(60_000)
    assert.equal(transport.frameCount, before)
    await clock.until(system.stop())
  })

  it('B17 B18 tells nothing of a question but the answer, and that it is done with it', async () => {
    const { clock, transport, system } = await startWorkers(1)
    await clock.advance(1_000)
    const before = transport.frameCount

    await clock.until(system.ref<WorkMessage>('1').ask({ type: 'work', ms: 10 }))
    await clock.advance(0)

    // The question, the answer, and the count of what is done, which is in the frame of the answer on threads of Node.
    assert.equal(transport.frameCount - before, 3)
    await clock.until(system.stop())
  })
})
