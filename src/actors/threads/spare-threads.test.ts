import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../testing/index.ts'
import { until } from '../../../test/until.ts'
import type { counter } from '../fixtures/thread-actors.ts'
import { type Fate, mortalActor } from '../fixtures/mortal-actor.ts'
import { type SimulatedThread, SimulatedThreads } from '../fixtures/simulated-threads.ts'
import { fromModule, startSystem, supervisor } from '../index.ts'
import { startSystemOn } from '../system/system.ts'

async function startMortals(spareCount?: number) {
  const clock = new VirtualClock()
  const loaders: SimulatedThread[] = []
  const transport = new SimulatedThreads(clock, (name, thread) => {
    loaders.push(thread)
    return mortalActor(name, () => thread.killWithin('exited'))
  })
  const children = ['one', 'two'].map((name) => ({
    start: fromModule(`sim:${name}`, name),
    thread: name,
  }))
  const system = await clock.until(
    startSystemOn(transport, {
      name: 'mortals',
      clock,
      threads: ['one', 'two'],
      threadLimits: spareCount === undefined ? {} : { spareCount },
      root: supervisor({ name: 'root', maxRestarts: 100, children }),
    }),
  )
  const end = async (name: string) => {
    await system.ref<Fate>(name).tell({ type: 'exit' })
    await clock.advance(0)
  }
  return { clock, transport, loaders, system, end }
}

const names = (transport: SimulatedThreads) => transport.started.map(({ name }) => name)

describe('Spare threads', () => {
  it('B17 take the place of one that ends, and have loaded the modules of all actors by then', async () => {
    const { clock, transport, loaders, system, end } = await startMortals()
    // The second thread is one as well, which was there when it was wanted.
    assert.deepEqual(names(transport), ['one', 'spare', 'spare'])
    assert.deepEqual(transport.started[2]!.preloaded, ['sim:one', 'sim:two'])
    assert.deepEqual(system.countThreads(), { running: 2, spare: 1 })

    await end('two')
    assert.equal(loaders.length, 3)
    // The spare runs it, and there is a next one.
    assert.deepEqual(names(transport), ['one', 'spare', 'spare', 'spare'])
    assert.deepEqual(system.countThreads(), { running: 2, spare: 1 })
    await clock.until(system.stop())
    assert.deepEqual(system.countThreads(), { running: 0, spare: 0 })
  })

  it('B17 are as many as they may be, and not missed where there are to be none', async () => {
    const none = await startMortals(0)
    await none.end('one')
    assert.deepEqual(names(none.transport), ['one', 'two', 'one'])
    await none.clock.until(none.system.stop())

    await assert.rejects(startMortals(65), { code: 'ACTOR_SPEC_INVALID' })
    const two = await startMortals(2)
    assert.deepEqual(two.system.countThreads(), { running: 2, spare: 2 })
    await two.clock.until(two.system.stop())
  })

  it('B17 that end by themselves are not started over and over', async () => {
    const { clock, transport, system, end } = await startMortals()
    transport.kill('spare', 'outOfMemory')
    await clock.advance(60_000)
    assert.deepEqual(system.countThreads(), { running: 2, spare: 0 })

    await end('one')
    assert.deepEqual(names(transport), ['one', 'spare', 'spare', 'one', 'spare'])
    await clock.until(system.stop())
  })

  it('B17 are of Node: the actor is up on one, and another one gets ready', async () => {
    const start = fromModule<typeof counter>(new URL('../fixtures/thread-actors.ts', import.meta.url), 'counter')
    const root = supervisor({ name: 'root', children: [{ start, thread: '1' }] })
    await using system = await startSystem({ name: 'spared', threads: 1, root })
    await until('a spare thread is ready', () => system.countThreads().spare === 1)

    await system.ref(start).tell({ type: 'exit' })
    assert.equal(await system.ref(start).ask({ type: 'total' }, { timeoutMs: 60_000 }), 0)
    await until('the next one is ready', () => system.countThreads().spare === 1)
    assert.equal(system.countThreads().running, 1)
  })
})
