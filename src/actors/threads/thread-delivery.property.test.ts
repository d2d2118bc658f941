import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { sleep } from '../../core/clock.ts'
import { VirtualClock } from '../../testing/index.ts'
import { checkAsync } from '../../../test/property.ts'
import { type SimulatedThread, SimulatedThreads } from '../fixtures/simulated-threads.ts'
import { type ActorRef, defineActor, fromModule, supervisor } from '../index.ts'
import { startSystemOn } from '../system/system.ts'

interface Parcel {
  type: 'parcel'
  sender: number
  number: number
  workMs: number
  /** Whether the handler fails, or ends its thread. */
  fault: 'crash' | 'exit' | undefined
}

interface Order {
  type: 'order'
  to: ActorRef<Parcel>
  parcel: Parcel
}

const parcel = fc.record({
  /** Virtual milliseconds that the sender waits before it sends, and that handling takes. */
  pauseMs: fc.constantFrom(0, 0, 0, 1, 5),
  workMs: fc.constantFrom(0, 0, 1, 7),
  fault: fc.constantFrom(undefined, undefined, undefined, undefined, 'crash' as const, 'exit' as const),
  isAwaited: fc.boolean(),
})

describe('Messages to an actor on a thread', () => {
  it('B6 B16 B17 are handled once and in order, or counted as dead letters, whenever threads end', async () => {
    const senders = fc.array(fc.record({ isOnThread: fc.boolean(), parcels: fc.array(parcel, { maxLength: 20 }) }), {
      minLength: 1,
      maxLength: 3,
    })
    const kills = fc.array(fc.nat(40), { maxLength: 4 })

    await checkAsync(
      fc.asyncProperty(senders, kills, fc.integer({ min: 1, max: 4 }), async (senders, kills, mailboxMax) => {
        const clock = new VirtualClock()
        const handled: Parcel[] = []
        const receiver = (thread: SimulatedThread) =>
          defineActor<Parcel, undefined>({
            name: 'receiver',
            mailboxMax,
            init: () => undefined,
            handleInPlace: {
              parcel(_, message, { clock }) {
                const finish = () => {
                  if (message.fault === 'exit') return thread.killWithin('exited')
                  if (message.fault === 'crash') throw new Error('fault')
                  return void handled.push(message)
                }
                return message.workMs > 0 ? sleep(clock, message.workMs).then(finish) : finish()
              },
            },
          })
        const relay = defineActor<Order, undefined>({
          name: 'relay',
          init: () => undefined,
          handleInPlace: { order: async (_, { to, parcel }) => to.tell(parcel) },
        })
        let there: SimulatedThread | undefined
        const transport = new SimulatedThreads(clock, (name, thread) => {
          if (name === 'relay') return relay
          there = thread
          return receiver(thread)
        })
        const system = await clock.until(
          startSystemOn(transport, {
            name: 'parcels',
            clock,
            threads: ['there', 'between'],
            root: supervisor({
              name: 'root',
              maxRestarts: 1_000,
              children: [
                { start: fromModule<ReturnType<typeof receiver>>('sim:parcels', 'receiver'), thread: 'there' },
                { start: fromModule<typeof relay>('sim:parcels', 'relay'), thread: 'between' },
              ],
            }),
          }),
        )
        const to = system.ref<Parcel>('receiver')
        const timers = kills.map((atMs) => clock.setTimer({ afterMs: atMs }, () => there?.kill('exited')))

        const send = async (sender: number) => {
          const { isOnThread, parcels } = senders[sender]!
          for (const [number, { pauseMs, isAwaited, ...rest }] of parcels.entries()) {
            if (pauseMs > 0) await sleep(clock, pauseMs)
            const parcel: Parcel = { type: 'parcel', sender, number, ...rest }
            const sent = isOnThread ? system.ref<Order>('relay').tell({ type: 'order', to, parcel }) : to.tell(parcel)
            if (isAwaited) await sent
          }
        }
        await clock.until(Promise.all([...senders.keys()].map(send)))
        await clock.until(system.stop())
        for (const timer of timers) timer.cancel()

        for (const sender of senders.keys()) {
          const numbers = handled.filter((each) => each.sender === sender).map(({ number }) => number)
          assert.deepEqual(
            numbers,
            [...new Set(numbers)].toSorted((one, other) => one - other),
          )
        }
        const all = senders.flatMap(({ parcels }) => parcels)
        assert.equal(handled.length + system.deadLetters().total, all.length)
        // Only those are lost that were being handled when the thread ended.
        const failing = all.filter(({ fault }) => fault !== undefined).length
        assert.ok(system.deadLetters().total <= failing + kills.length)
        assert.equal(clock.pendingTimers, 0)
      }),
      60,
    )
  })

  it('B12 B17 wait where the mailbox is full, and are refused when too many do', async () => {
    const clock = new VirtualClock()
    const transport = new SimulatedThreads(clock, () =>
      defineActor<{ type: 'work' }, undefined>({
        name: 'worker',
        mailboxMax: 2,
        init: () => undefined,
        handleInPlace: { work: (_, _message, context) => sleep(context.clock, 1) },
      }),
    )
    const start = fromModule('sim:worker', 'worker')
    const root = supervisor({ name: 'root', children: [{ start, thread: '1' }] })
    const system = await clock.until(startSystemOn(transport, { name: 'full', clock, threads: 1, root }))
    const ref = system.ref<{ type: 'work' }>('worker')

    const sent = Array.from({ length: 2 + 1_024 }, () => ref.tell({ type: 'work' }))
    await assert.rejects(ref.tell({ type: 'work' }), { code: 'ACTOR_MAILBOX_FULL' })
    await clock.until(Promise.all(sent))
    await clock.until(system.stop())

    assert.equal(system.deadLetters().total, 1)
  })
})
