import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sleep } from '../../core/clock.ts'
import { probeActors } from '../../testing/index.ts'
import { type ActorContext, type ActorDefinition, defineActor } from '../index.ts'

type Beat = { type: 'beat' } | { type: 'crash' } | { type: 'cancel' } | { type: 'slow' }
const beat: Beat = { type: 'beat' }

describe('sendAfter', () => {
  it('sends once, after the time', async () => {
    const { beats, actor } = beating((context) => context.sendAfter(100, beat))
    await using probe = await probeActors([{ start: actor }])

    await probe.clock.advance(1_000)

    assert.deepEqual(beats, [100])
  })

  it('B9 is cancelled with the incarnation, and by hand', async () => {
    const { beats, actor } = beating((context) => context.sendAfter(100, beat))
    const probe = await probeActors([{ start: actor }])
    const ref = probe.ref<Beat>('actor')

    await probe.clock.advance(50)
    void ref.tell({ type: 'crash' })
    await probe.clock.advance(50)
    void ref.tell({ type: 'cancel' })
    await probe.clock.advance(1_000)

    assert.deepEqual(beats, [])
    await probe.stop()
    assert.equal(probe.clock.pendingTimers, 0)
  })
})

describe('sendEvery', () => {
  it('sends at multiples of the time, until cancelled', async () => {
    const { beats, actor } = beating((context) => context.sendEvery(100, beat))
    await using probe = await probeActors([{ start: actor }])

    await probe.clock.advance(350)
    void probe.ref<Beat>('actor').tell({ type: 'cancel' })
    await probe.clock.advance(1_000)

    assert.deepEqual(beats, [100, 200, 300])
    assert.equal(probe.clock.pendingTimers, 0)
  })

  it('B12 skips times while the message before waits for room', async () => {
    const { beats, actor } = beating((context) => context.sendEvery(100, beat), 1)
    await using probe = await probeActors([{ start: actor }])
    void probe.ref<Beat>('actor').tell({ type: 'slow' })

    await probe.clock.advance(950)
    const [shown] = probe.system.whichChildren()
    assert.equal(shown?.kind === 'actor' && shown.waitingCount, 1)
    await probe.clock.advance(250)

    assert.deepEqual(beats, [1_000, 1_000, 1_100, 1_200])
  })

  it('B9 begins anew with each incarnation, which has its own', async () => {
    const { beats, actor } = beating((context) => context.sendEvery(100, beat))
    await using probe = await probeActors([{ start: actor }])

    await probe.clock.advance(150)
    void probe.ref<Beat>('actor').tell({ type: 'crash' })
    await probe.clock.advance(250)

    assert.deepEqual(beats, [100, 250, 350])
  })
})

describe('receiveTimeout', () => {
  it('sends when there was no message for the time, and again after as long', async () => {
    const { beats, actor } = beating((context) => context.receiveTimeout(100, beat))
    await using probe = await probeActors([{ start: actor }])

    await probe.clock.advance(250)
    void probe.ref<Beat>('actor').tell({ type: 'slow' })
    await probe.clock.advance(1_200)

    assert.deepEqual(beats.slice(0, 2), [100, 200])
    assert.ok(beats.slice(2).every((atMs) => atMs >= 1_350))
    assert.ok(beats.length > 2)
  })

  it('takes the place of the one before, and ends when cancelled', async () => {
    const { beats, actor } = beating((context) => {
      context.receiveTimeout(10, beat)
      return context.receiveTimeout(100, beat)
    })
    await using probe = await probeActors([{ start: actor }])

    await probe.clock.advance(150)
    void probe.ref<Beat>('actor').tell({ type: 'cancel' })
    await probe.clock.advance(1_000)

    assert.deepEqual(beats, [100])
    assert.equal(probe.clock.pendingTimers, 0)
  })
})

/** An actor with one timer, that writes down when it gets a beat. */
function beating(start: (context: ActorContext<Beat>) => { cancel(): void } | undefined, mailboxMax = 100) {
  const beats: number[] = []
  const actor: ActorDefinition = defineActor<Beat, { cancel(): void } | undefined>({
    name: 'actor',
    mailboxMax,
    init: (context) => start(context),
    handleInPlace: {
      beat: (_, _message, { clock }) => void beats.push(clock.monotonicMs()),
      crash: () => {
        throw new Error('fault')
      },
      cancel: (timer) => timer?.cancel(),
      slow: (_, _message, { clock }) => sleep(clock, 1_000),
    },
  })
  return { beats, actor }
}
