import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sleep } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import { probeActors } from '../../testing/index.ts'
import { type ActorDefinition, defineActor, type DownNotice } from '../index.ts'

type Order = { type: 'crash' } | { type: 'leave' } | { type: 'wait' } | { type: 'unlink' }
const fault = new Error('fault')

describe('A link', () => {
  it('B15 makes an actor crash when the other crashes, with the error of the other as its cause', async () => {
    await using probe = await probeActors([{ start: actor('a') }, { start: actor('b', 'a') }, { start: actor('c') }])

    void probe.ref<Order>('a').tell({ type: 'crash' })
    await probe.clock.advance(0)

    const crashed = probe.events.filter((event) => event.type === 'childCrashed')
    assert.deepEqual(
      crashed.map(({ path, isCounted }) => [path, isCounted]),
      [
        ['root/a', true],
        ['root/b', true],
      ],
    )
    const { error } = crashed[1]!
    assert.ok(error instanceof MillraceError)
    assert.equal(error.code, 'ACTOR_LINK_BROKEN')
    assert.deepEqual([error.details, error.cause], [{ path: 'root/b', linked: 'root/a', reason: 'crashed' }, fault])
  })

  it('B15 binds both ends', async () => {
    await using probe = await probeActors([{ start: actor('a') }, { start: actor('b', 'a') }])

    void probe.ref<Order>('b').tell({ type: 'crash' })
    await probe.clock.advance(0)

    assert.deepEqual(incarnations(probe), [2, 2])
  })

  it('B15 breaks over a shutdown, and not over a normal end', async () => {
    const children = [{ start: actor('a'), restart: 'temporary' as const }, { start: actor('b', 'a') }]
    for (const [end, expected] of [
      ['leave', 1],
      ['terminate', 2],
    ] as const) {
      await using probe = await probeActors(children, { maxRestarts: 1 })

      if (end === 'leave') void probe.ref<Order>('a').tell({ type: 'leave' })
      else await probe.system.supervisor('root').terminateChild('a')
      await probe.clock.advance(0)

      const crashes = probe.events.filter(({ type, path }) => type === 'childCrashed' && path === 'root/b').length
      assert.equal(crashes > 0 ? 2 : 1, expected)
    }
  })

  it('B15 breaks at once when the other is down, and so a start can fail over it', async () => {
    await using probe = await probeActors([{ start: actor('a'), restart: 'temporary' }])
    void probe.ref<Order>('a').tell({ type: 'leave' })
    await probe.clock.advance(0)

    const starting = probe.system.supervisor('root').startChild({ start: actor('b', 'a') })

    await probe.system.supervisor('root').startChild({ start: actor('c') })
    await assert.rejects(starting, { code: 'ACTOR_START_FAILED' })
    assert.ok(probe.system.whichChildren().every(({ path }) => path !== 'root/b'))
  })

  it('B15 gives a message to an actor that traps exits, of a normal end too', async () => {
    const heard: DownNotice[] = []
    await using probe = await probeActors([
      { start: actor('a'), restart: 'temporary' },
      { start: actor('b'), restart: 'temporary' },
      { start: trapper(heard) },
    ])

    void probe.ref<Order>('a').tell({ type: 'crash' })
    void probe.ref<Order>('b').tell({ type: 'leave' })
    await probe.clock.advance(0)

    assert.deepEqual(
      heard.map(({ path, reason }) => [path, reason.kind]),
      [
        ['root/a', 'crashed'],
        ['root/b', 'normal'],
      ],
    )
    assert.equal(probe.system.countChildren().running, 1)
  })

  it('B15 breaks off a handler, whose message the next incarnation handles again', async () => {
    await using probe = await probeActors([{ start: actor('a') }, { start: actor('b', 'a') }])
    void probe.ref<Order>('b').tell({ type: 'wait' })
    await probe.clock.advance(0)

    void probe.ref<Order>('a').tell({ type: 'crash' })
    await probe.clock.advance(0)

    assert.deepEqual(incarnations(probe), [2, 2])
    const [, b] = probe.system.whichChildren()
    assert.equal(b?.kind === 'actor' && b.mailboxCount, 1)
  })

  it('B15 is undone by cancel, and is gone with either incarnation', async () => {
    await using probe = await probeActors([{ start: actor('a') }, { start: actor('b', 'a') }], { maxRestarts: 9 })

    void probe.ref<Order>('b').tell({ type: 'unlink' })
    void probe.ref<Order>('a').tell({ type: 'crash' })
    await probe.clock.advance(0)

    assert.deepEqual(incarnations(probe), [2, 1])
  })
})

function incarnations(probe: Awaited<ReturnType<typeof probeActors>>): number[] {
  return probe.system.whichChildren().map(({ incarnation }) => incarnation)
}

/** An actor that its first incarnation links to another one. */
function actor(name: string, linkedTo?: string): ActorDefinition {
  return defineActor<Order, { cancel(): void } | undefined>({
    name,
    init: (context) =>
      linkedTo === undefined || context.incarnation > 1 ? undefined : context.link(context.ref(linkedTo)),
    handleInPlace: {
      crash: () => {
        throw fault
      },
      leave: (_, _message, context) => context.stop(),
      wait: (_, _message, { clock, signal }) => sleep(clock, 1_000, signal),
      unlink: (link) => link?.cancel(),
    },
  })
}

function trapper(heard: DownNotice[]): ActorDefinition {
  return defineActor<{ type: 'down'; notice: DownNotice }, undefined>({
    name: 'trapper',
    init: (context) => {
      for (const id of ['a', 'b']) context.link(context.ref(id))
    },
    trapExit: (notice) => ({ type: 'down', notice }),
    handleInPlace: { down: (_, { notice }) => void heard.push(notice) },
  })
}
