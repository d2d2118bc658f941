import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MillraceError } from '../../core/errors.ts'
import { probeActors } from '../../testing/index.ts'
import { type ActorDefinition, defineActor, type Reply } from '../index.ts'

type Order =
  | { type: 'job'; id: number; reply?: Reply<number> }
  | { type: 'open' }
  | { type: 'close' }
  | { type: 'crash' }

describe('A stash', () => {
  it('B11 gives messages back in their order, before all others', async () => {
    const { done, actor } = gate()
    await using probe = await probeActors([{ start: actor }])
    const ref = probe.ref<Order>('gate')

    for (const id of [1, 2]) void ref.tell({ type: 'job', id })
    void ref.tell({ type: 'open' })
    void ref.tell({ type: 'job', id: 3 })
    void ref.tell({ type: 'close' })
    for (const id of [4, 5]) void ref.tell({ type: 'job', id })
    void ref.tell({ type: 'open' })
    await probe.clock.advance(0)

    assert.deepEqual(done, [1, 2, 3, 4, 5])
  })

  it('B6 survives a crash, in the order of arrival, and questions with it', async () => {
    const { done, actor } = gate()
    await using probe = await probeActors([{ start: actor }])
    const ref = probe.ref<Order>('gate')

    const answer = ref.ask({ type: 'job', id: 1 } as never) as Promise<number>
    void ref.tell({ type: 'job', id: 2 })
    void ref.tell({ type: 'crash' })
    void ref.tell({ type: 'job', id: 3 })
    void ref.tell({ type: 'open' })
    await probe.clock.advance(0)

    assert.deepEqual(done, [1, 2, 3])
    assert.equal(await answer, 1)
    assert.equal(probe.events.filter(({ type }) => type === 'childCrashed').length, 1)
  })

  it('B6 is handled by the next incarnation without being asked for', async () => {
    const done: number[] = []
    const once = defineActor<{ type: 'job'; id: number }, undefined>({
      name: 'once',
      init: () => undefined,
      handleInPlace: {
        job: (_, { id }, context) => {
          if (context.incarnation > 1) return void done.push(id)
          if (id === 3) throw new Error('fault')
          context.stash()
        },
      },
    })
    await using probe = await probeActors([{ start: once }])

    for (const id of [1, 2, 3, 4]) void probe.ref<{ type: 'job'; id: number }>('once').tell({ type: 'job', id })
    await probe.clock.advance(0)

    assert.deepEqual(done, [1, 2, 4])
  })

  it('B12 counts within the bounds of the mailbox, and refuses what would leave no room', async () => {
    const { done, actor } = gate(3)
    await using probe = await probeActors([{ start: actor }])
    const ref = probe.ref<Order>('gate')

    for (const id of [1, 2, 3, 4]) void ref.tell({ type: 'job', id })
    await probe.clock.advance(0)

    const crashed = probe.events.find((event) => event.type === 'childCrashed')
    assert.ok(MillraceError.is(crashed?.error) && crashed.error.code === 'ACTOR_STASH_FULL')
    void ref.tell({ type: 'open' })
    await probe.clock.advance(0)
    assert.equal(probe.system.deadLetters().byReason.failed + done.length, 4)
  })

  it('B16 becomes dead letters with the rest when its actor ends', async () => {
    const { actor } = gate()
    const probe = await probeActors([{ start: actor }])
    for (const id of [1, 2, 3]) void probe.ref<Order>('gate').tell({ type: 'job', id })
    await probe.clock.advance(0)

    await probe.stop()

    assert.equal(probe.system.deadLetters().byReason.stopped, 3)
  })
})

/** An actor that does jobs while it is open, and sets them aside while it is closed, as it is at first. */
function gate(mailboxMax = 100): { done: number[]; actor: ActorDefinition } {
  const done: number[] = []
  const actor = defineActor<Order, boolean>({
    name: 'gate',
    mailboxMax,
    init: () => false,
    handle: {
      job: (isOpen, { id, reply }, context) => {
        if (isOpen) {
          done.push(id)
          reply?.(id)
        } else context.stash()
        return isOpen
      },
      open: (_, _message, context) => {
        context.unstashAll()
        return true
      },
      close: () => false,
      crash: () => {
        throw new Error('fault')
      },
    },
  })
  return { done, actor }
}
