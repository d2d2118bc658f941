import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sleep } from '../../core/clock.ts'
import { probeActors } from '../../testing/index.ts'
import { defineActor, defineStateMachine, fromModule, type Reply, supervisor } from '../index.ts'

type TallyMessage =
  | { type: 'add'; amount: number }
  | { type: 'slow'; amount: number }
  | { type: 'later' | 'crash' }
  | { type: 'total'; reply: Reply<string> }

const crash = () => Promise.reject(new Error('fault'))

/** Version 1: the state is a number. */
const tally = defineActor<TallyMessage, number>({
  name: 'tally',
  init: () => 0,
  handle: {
    add: (total, { amount }) => total + amount,
    slow: async (total, { amount }, { clock }) => {
      await sleep(clock, 50)
      return total + amount
    },
    later: (total, _message, context) => {
      context.sendAfter(1_000, { type: 'add', amount: 100 })
      return total
    },
    crash,
    total: (total, { reply }) => {
      reply(`${total}`)
      return total
    },
  },
})

interface Named {
  readonly total: number
  readonly unit: string
}

/** Version 2: it has a unit, and room for two messages. */
function tallyOf(unit: string, migrate?: (state: unknown, fromVersion: number) => Named | Promise<Named>) {
  const plus = ({ total }: Named, { amount }: { amount: number }) => ({ total: total + amount, unit })
  return defineActor<TallyMessage, Named>({
    name: 'tally',
    version: 2,
    mailboxMax: 2,
    ...(migrate && { migrate }),
    init: () => ({ total: 0, unit }),
    handle: {
      add: plus,
      slow: plus,
      later: (state) => state,
      crash,
      total: (state, { reply }) => {
        reply(`${state.total} ${state.unit}`)
        return state
      },
    },
  })
}

const inPieces = tallyOf('pieces', (total, fromVersion) => ({
  total: (total as number) * 10,
  unit: `of ${fromVersion}`,
}))

async function start() {
  const probe = await probeActors([{ start: tally }])
  const ref = probe.ref<TallyMessage>('tally')
  const total = () => probe.clock.until(ref.ask({ type: 'total' }))
  const change = (to: Parameters<typeof root.changeChild>[1]) => probe.clock.until(root.changeChild('tally', to))
  const root = probe.system.supervisor('root')
  return { probe, ref, root, total, change, [Symbol.asyncDispose]: () => probe.stop() }
}

describe('A change of code', () => {
  it('makes the state of a new version of the old one, between two messages, and keeps mailbox and incarnation', async () => {
    await using started = await start()
    const { probe, ref, root, total } = started
    void ref.tell({ type: 'slow', amount: 1 })
    void ref.tell({ type: 'add', amount: 2 })
    await probe.clock.advance(10)

    const changing = root.changeChild('tally', inPieces)
    await probe.clock.until(changing)

    // The slow one was handled by the version before, and the other by the new one.
    assert.equal(await total(), '12 pieces')
    const [shown] = probe.system.whichChildren()
    assert.ok(shown?.kind === 'actor' && shown.incarnation === 1)
    assert.deepEqual(
      probe.events.map(({ type }) => type),
      ['childStarted'],
    )
  })

  it('B7 keeps the timers, and the references by both name and definition', async () => {
    await using started = await start()
    const { probe, ref, total, change } = started
    void ref.tell({ type: 'later' })
    await probe.clock.advance(0)

    await change(inPieces)
    await probe.clock.advance(1_000)

    assert.equal(await total(), '100 pieces')
    assert.equal(probe.system.ref(inPieces), ref)
    assert.throws(() => probe.system.ref(tally), { code: 'ACTOR_NOT_FOUND' })
  })

  it('keeps the state as it is where the version is the same', async () => {
    await using started = await start()
    const { probe, ref, total, change } = started
    void ref.tell({ type: 'add', amount: 3 })
    await probe.clock.advance(0)

    await change(
      defineActor<TallyMessage, number>({
        name: 'tally',
        init: () => 0,
        migrate: () => assert.fail('nothing is to be migrated'),
        handle: {
          add: (sum) => sum,
          slow: (sum) => sum,
          later: (sum) => sum,
          crash,
          total: (sum, { reply }) => {
            reply(`still ${sum}`)
            return sum
          },
        },
      }),
    )

    assert.equal(await total(), 'still 3')
  })

  it('holds for the restarts after it, and for its bounds', async () => {
    await using started = await start()
    const { probe, ref, total, change } = started
    await change(inPieces)

    void ref.tell({ type: 'crash' })
    await probe.clock.advance(0)

    assert.equal(await total(), '0 pieces')
    const sent = [1, 2, 3].map((amount) => ref.tell({ type: 'add', amount }))
    const [shown] = probe.system.whichChildren()
    assert.ok(shown?.kind === 'actor')
    assert.deepEqual([shown.mailboxCount, shown.waitingCount], [2, 1])
    await Promise.all(sent)
  })

  for (const [what, to, cause] of [
    ['migrate throws', tallyOf('x', () => Promise.reject(new Error('no way'))), 'no way'],
    ['there is none', tallyOf('x'), 'version 2 has no migrate for version 1'],
  ] as const) {
    it(`is refused where ${what}, and the actor goes on as it was`, async () => {
      await using started = await start()
      const { ref, total, change } = started
      void ref.tell({ type: 'add', amount: 3 })

      await assert.rejects(change(to), (error: Error & { code: string }) => {
        assert.equal(error.code, 'ACTOR_CHANGE_FAILED')
        assert.equal((error.cause as Error).message, cause)
        return true
      })

      void ref.tell({ type: 'add', amount: 4 })
      assert.equal(await total(), '7')
    })
  }

  it('gives one that is down its definition for the next start', async () => {
    await using started = await start()
    const { probe, root, total, change } = started
    await probe.clock.until(root.terminateChild('tally'))

    await change(tallyOf('kilograms'))
    await probe.clock.until(root.restartChild('tally'))

    assert.equal(await total(), '0 kilograms')
  })

  it('is done by the end of one that is stopped while its state is migrated, which ends by what it was', async () => {
    const stopped: unknown[] = []
    const withHook: typeof tally = { ...tally, init: () => 7, onStop: (state) => void stopped.push(state) }
    await using probe = await probeActors([{ start: withHook }])
    const root = probe.system.supervisor('root')
    const migrating = Promise.withResolvers<Named>()
    const changing = root.changeChild(
      'tally',
      tallyOf('x', () => migrating.promise),
    )
    await probe.clock.advance(0)

    const stopping = root.terminateChild('tally')
    migrating.resolve({ total: 1, unit: 'y' })
    await probe.clock.until(stopping)
    await changing
    await probe.clock.until(root.restartChild('tally'))

    assert.deepEqual(stopped, [7])
    assert.equal(await probe.clock.until(probe.ref<TallyMessage>('tally').ask({ type: 'total' })), '0 x')
  })

  it('is done by the end of one that is killed meanwhile, and what comes of that later is nothing to the next', async () => {
    await using started = await start()
    const { probe, root } = started
    const migrations = [Promise.withResolvers<Named>(), Promise.withResolvers<Named>()] as const
    const change = (at: 0 | 1, version: number) =>
      root.changeChild('tally', { ...tallyOf('x', () => migrations[at].promise), version } as typeof inPieces)
    const first = change(0, 2)
    await probe.clock.advance(0)

    await probe.clock.until(root.terminateChild('tally'))
    await first
    await probe.clock.until(root.restartChild('tally'))
    const second = change(1, 3)
    await probe.clock.advance(0)
    migrations[0].reject(new Error('too late'))
    await probe.clock.advance(0)
    migrations[1].resolve({ total: 5, unit: 'y' })
    await second

    assert.equal(await started.total(), '5 y')
  })

  it('comes one after the other, the last is what is left', async () => {
    await using started = await start()
    const { probe, ref, root, total } = started
    void ref.tell({ type: 'add', amount: 1 })
    await probe.clock.advance(0)
    const third = defineActor<TallyMessage, string>({
      name: 'tally',
      version: 3,
      init: () => '',
      migrate: (state, fromVersion) => `${fromVersion}: ${(state as Named).total} ${(state as Named).unit}`,
      handle: {
        add: (state) => state,
        slow: (state) => state,
        later: (state) => state,
        crash,
        total: (state, { reply }) => {
          reply(state)
          return state
        },
      },
    })

    await probe.clock.until(Promise.all([root.changeChild('tally', inPieces), root.changeChild('tally', third)]))

    assert.equal(await total(), '2: 10 of 1')
  })

  it('takes a machine to a state of the new version', async () => {
    type Lamp = { type: 'push' } | { type: 'state'; reply: Reply<string> }
    const lamp = defineStateMachine<Lamp, 'off' | 'on', number>({
      name: 'lamp',
      initial: 'off',
      init: () => 0,
      states: {
        off: {
          on: { push: (count) => ({ to: 'on', data: count + 1 }), state: (count, { reply }) => reply(`off ${count}`) },
        },
        on: { on: { push: () => ({ to: 'off' }), state: (count, { reply }) => reply(`on ${count}`) } },
      },
    })
    const dimmer = (to: string) =>
      defineStateMachine<Lamp, 'dark' | 'bright', number>({
        name: 'lamp',
        version: 2,
        initial: 'dark',
        init: () => 0,
        migrate: ({ state, data }, fromVersion) => ({
          to: (state === 'on' ? to : 'dark') as 'bright',
          data: (data as number) + fromVersion,
        }),
        states: {
          dark: { on: { push: () => ({ to: 'bright' }), state: (count, { reply }) => reply(`dark ${count}`) } },
          bright: { on: { push: () => ({ to: 'dark' }), state: (count, { reply }) => reply(`bright ${count}`) } },
        },
      })
    await using probe = await probeActors([{ start: lamp }])
    const ref = probe.ref<Lamp>('lamp')
    const root = probe.system.supervisor('root')
    void ref.tell({ type: 'push' })
    await probe.clock.advance(0)

    await assert.rejects(probe.clock.until(root.changeChild('lamp', dimmer('blue'))), { code: 'ACTOR_CHANGE_FAILED' })
    await probe.clock.until(root.changeChild('lamp', dimmer('bright')))

    assert.equal(await probe.clock.until(ref.ask({ type: 'state' })), 'bright 2')
  })

  it('is refused for what is no actor, is of another kind, wrong or not there', async () => {
    await using probe = await probeActors([{ start: tally }, { start: supervisor({ name: 'below', children: [] }) }])
    const root = probe.system.supervisor('root')
    const module = fromModule(new URL('file:///nowhere.js'), 'tally')

    await assert.rejects(root.changeChild('below', tally), {
      code: 'ACTOR_SPEC_INVALID',
      message: /change its children/,
    })
    await assert.rejects(root.changeChild('tally', module), {
      code: 'ACTOR_SPEC_INVALID',
      message: /by defineActor\(\)/,
    })
    await assert.rejects(root.changeChild('tally', { ...tally, version: 0 } as typeof tally), {
      code: 'ACTOR_SPEC_INVALID',
      message: /version must be/,
    })
    await assert.rejects(root.changeChild('none', tally), { code: 'ACTOR_NOT_FOUND' })
  })
})
