import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { probeActors } from '../../testing/index.ts'
import { type Order, tracedActor } from '../fixtures/traced-actor.ts'
import { defineActor, simpleOneForOne, type SimpleOneForOneOptions } from '../index.ts'

const restartTypes = ['permanent', 'transient', 'temporary'] as const

describe('simpleOneForOne', () => {
  for (const restart of restartTypes) {
    for (const exit of ['crash', 'leave'] as const) {
      const isRestarted = restart === 'permanent' || (restart === 'transient' && exit === 'crash')

      it(`B1 ${isRestarted ? 'restarts' : 'forgets'} a ${restart} child, and no other, after: ${exit}`, async () => {
        const { trace, alike } = tracer({ child: { restart } })
        await using probe = await probeActors([{ start: alike }])
        const pool = probe.system.supervisor('pool')
        const refs = await Promise.all(['a', 'b'].map((args) => pool.startChild<Order>({ args })))

        void refs[0]!.tell({ type: exit })
        await probe.clock.advance(0)

        assert.deepEqual(trace, isRestarted ? ['+a1', '+b1', '-a1', '+a2'] : ['+a1', '+b1', '-a1'])
        assert.equal(pool.whichChildren().length, isRestarted ? 2 : 1)
      })
    }
  }

  it('names its children by number unless they have an id, and forgets those that were terminated', async () => {
    const { alike } = tracer({})
    await using probe = await probeActors([{ start: alike }])
    const pool = probe.system.supervisor('pool')

    const [first, second] = [await pool.startChild({ args: 'a' }), await pool.startChild({ args: 'b', id: 'bee' })]
    assert.deepEqual([first.path, second.path], ['root/pool/1', 'root/pool/bee'])
    await pool.terminateChild('bee')

    assert.equal(pool.countChildren().actors, 1)
    await assert.rejects(pool.restartChild('bee'), { code: 'ACTOR_NOT_FOUND' })
    await assert.rejects(pool.startChild({ start: defineActor({ name: 'x', init: () => 0, handle: {} }) }), {
      code: 'ACTOR_SPEC_INVALID',
    })
    assert.equal(pool.snapshot().strategy, 'simpleOneForOne')
  })

  it('refuses more children than childrenMax, until one has ended', async () => {
    const { alike } = tracer({ childrenMax: 2, child: { restart: 'temporary' } })
    await using probe = await probeActors([{ start: alike }])
    const pool = probe.system.supervisor('pool')
    const first = await pool.startChild<Order>({ args: 'a' })
    await pool.startChild({ args: 'b' })

    await assert.rejects(pool.startChild({ args: 'c' }), {
      code: 'ACTOR_CHILDREN_FULL',
      retryable: true,
      details: { path: 'root/pool', childrenMax: 2 },
    })
    void first.tell({ type: 'leave' })
    await probe.clock.advance(0)
    await pool.startChild({ args: 'c' })
  })

  it('stops its children at the same time', async () => {
    const { alike } = tracer({}, 100)
    const probe = await probeActors([{ start: alike }])
    for (const args of ['a', 'b', 'c']) await probe.system.supervisor('pool').startChild({ args })

    await probe.stop()

    assert.equal(probe.clock.monotonicMs(), 100)
  })

  it('starts and stops 2,000 children', async () => {
    const { trace, alike } = tracer({})
    const probe = await probeActors([{ start: alike }])
    const pool = probe.system.supervisor('pool')

    for (let count = 0; count < 2_000; count++) await pool.startChild({ args: '' })
    assert.equal(pool.countChildren().running, 2_000)
    await probe.stop()

    assert.equal(trace.length, 4_000)
  })
})

function tracer(options: Partial<Omit<SimpleOneForOneOptions<string>, 'child'>> & { child?: object }, stopMs = 0) {
  const trace: string[] = []
  const start = (label: string) => tracedActor(trace, label, { name: 'worker', stopMs })
  return { trace, alike: simpleOneForOne({ name: 'pool', ...options, child: { start, ...options.child } }) }
}
