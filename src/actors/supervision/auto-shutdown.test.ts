import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { probeActors } from '../../testing/index.ts'
import { type Fate, mortalActor } from '../fixtures/mortal-actor.ts'
import { type AutoShutdown, startSystem, supervisor } from '../index.ts'

describe('autoShutdown', () => {
  for (const restart of ['transient', 'temporary'] as const) {
    for (const exit of ['crash', 'leave'] as const) {
      for (const autoShutdown of ['anySignificant', 'allSignificant'] as const) {
        const isRestarted = restart === 'transient' && exit === 'crash'
        const isDown = !isRestarted && autoShutdown === 'anySignificant'

        it(`B4 ${autoShutdown}: ${isDown ? 'shuts down' : 'goes on'} after one of two significant ${restart} children, and: ${exit}`, async () => {
          await using probe = await probeActors([{ start: group(autoShutdown, restart), restart: 'transient' }])

          void probe.ref<Fate>('a').tell({ type: exit })
          await probe.clock.advance(0)

          assert.equal(probe.system.supervisor('group').snapshot().status, isDown ? 'down' : 'running')
          if (isDown) return
          for (const id of ['a', 'b']) void probe.ref<Fate>(id).tell({ type: 'leave' })
          await probe.clock.advance(0)
          assert.equal(probe.system.supervisor('group').snapshot().status, 'down')
        })
      }
    }
  }

  it('B4 is a shutdown to the parent: a permanent supervisor is restarted, a transient one is not', async () => {
    for (const restart of ['permanent', 'transient'] as const) {
      await using probe = await probeActors([{ start: group('anySignificant', 'transient'), restart }])

      void probe.ref<Fate>('a').tell({ type: 'leave' })
      await probe.clock.advance(0)

      const { incarnation, lastReason } = probe.system.supervisor('group').snapshot()
      assert.deepEqual([incarnation, lastReason], [restart === 'permanent' ? 2 : 1, { kind: 'shutdown' }])
    }
  })

  it('ends the system when it is that of the root', async () => {
    const root = group('anySignificant', 'temporary')
    const system = await startSystem({ name: 'test', root })

    void system.ref<Fate>('a').tell({ type: 'crash' })

    assert.deepEqual(await system.done, { kind: 'shutdown' })
  })

  it('does not come of children that are not significant, or that were terminated', async () => {
    await using probe = await probeActors([{ start: group('anySignificant', 'temporary') }])

    await probe.system.supervisor('group').terminateChild('a')
    void probe.ref<Fate>('c').tell({ type: 'leave' })
    await probe.clock.advance(0)

    assert.equal(probe.system.supervisor('group').snapshot().incarnation, 1)
    assert.equal(probe.ref('b').path, 'root/group/b')
  })

  const faults = [
    ['a significant child must be transient or temporary', { restart: 'permanent' }, 'anySignificant'],
    ['a significant child needs a supervisor with autoShutdown', { restart: 'transient' }, 'never'],
  ] as const
  for (const [fault, options, autoShutdown] of faults) {
    it(`refuses a description: ${fault}`, async () => {
      const children = [{ start: mortalActor('a'), significant: true, ...options }]
      const root = supervisor({ name: 'root', autoShutdown, children })

      await assert.rejects(startSystem({ name: 'test', root }), {
        code: 'ACTOR_SPEC_INVALID',
        details: { path: 'root/a', fault },
      })
    })
  }
})

/** Two significant children, a and b, and one that is not, c. */
function group(autoShutdown: AutoShutdown, restart: 'transient' | 'temporary') {
  return supervisor({
    name: 'group',
    autoShutdown,
    children: [
      { start: mortalActor('a'), restart, significant: true },
      { start: mortalActor('b'), restart, significant: true },
      { start: mortalActor('c'), restart: 'transient' },
    ],
  })
}
