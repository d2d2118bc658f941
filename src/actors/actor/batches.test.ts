import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkAsync } from '../../../test/property.ts'
import { sleep } from '../../core/clock.ts'
import { VirtualClock } from '../../testing/index.ts'
import { SimulatedThreads } from '../fixtures/simulated-threads.ts'
import {
  type ActorDefinition,
  type BatchHandler,
  defineActor,
  fromModule,
  type Reply,
  startSystem,
  supervisor,
  type SystemEvent,
} from '../index.ts'
import { startSystemOn } from '../system/system.ts'

interface Item {
  type: 'item'
  number: number
  reply?: Reply<number>
}

type ItemMessage = Item | { type: 'ask'; number: number; reply: Reply<number> }

const batched = (
  handleBatch: BatchHandler<ItemMessage, undefined>,
  parts: { batchMax?: number; mailboxMax?: number } = {},
) => defineActor<ItemMessage, undefined>({ name: 'batched', init: () => undefined, handleBatch, ...parts })

async function run(start: ActorDefinition<ItemMessage>) {
  const clock = new VirtualClock()
  const events: SystemEvent[] = []
  const root = supervisor({ name: 'root', maxRestarts: 10_000, children: [{ start }] })
  const system = await startSystem({ name: 'batches', clock, root, onEvent: (event) => void events.push(event) })
  return { clock, events, system, ref: system.ref(start) }
}

const numbersOf = (messages: readonly ItemMessage[]) => messages.map(({ number }) => number)

describe('An actor that handles batches', () => {
  it('takes what its mailbox has, up to a bound, in the order in which it came', async () => {
    const batches: number[][] = []
    const { clock, system, ref } = await run(
      batched((_, messages) => void batches.push(numbersOf(messages)), { batchMax: 4 }),
    )
    for (let number = 0; number < 10; number++) void ref.tell({ type: 'item', number })
    await clock.until(system.stop())

    assert.deepEqual(batches, [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ])
  })

  it('B12 holds a batch within the bounds of its mailbox until it is handled', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const sizes: number[] = []
    const { clock, system, ref } = await run(
      batched(
        (_, messages) => {
          sizes.push(messages.length)
          return promise
        },
        { mailboxMax: 3 },
      ),
    )
    const sent = Array.from({ length: 7 }, (_, number) => ref.tell({ type: 'item', number }))
    await Promise.all(sent.slice(0, 3))
    const [shown] = system.whichChildren()
    assert.ok(shown?.kind === 'actor')
    assert.deepEqual([shown.mailboxCount, shown.waitingCount], [3, 4])
    resolve()
    await clock.until(system.stop())

    assert.deepEqual(sizes, [3, 3, 1])
  })

  it('B6 B8 fails over the one message that fails alone, and handles all others once and in order', async () => {
    const handled: number[] = []
    const { clock, events, system, ref } = await run(
      batched((_, messages) => {
        if (messages.some(({ number }) => number === 2)) throw new Error('fault')
        handled.push(...numbersOf(messages))
      }),
    )
    for (let number = 0; number < 6; number++) void ref.tell({ type: 'item', number })
    await clock.until(system.stop())

    assert.deepEqual(handled, [0, 1, 3, 4, 5])
    assert.deepEqual(system.deadLetters().byReason.failed, 1)
    const blamed = events.flatMap((event) => (event.type === 'childCrashed' ? [event.message] : []))
    // The first crash blames nobody: it was over all six.
    assert.deepEqual(blamed, [undefined, { type: 'item', number: 2 }])
  })

  it('B15 answers each question of a batch, those of one that failed included', async () => {
    let isFirst = true
    const { clock, system, ref } = await run(
      batched((_, messages) => {
        if (isFirst && messages.length > 1) {
          isFirst = false
          throw new Error('fault')
        }
        for (const { number, reply } of messages) {
          if (number === 1) throw new Error('always')
          reply?.(number)
        }
      }),
    )
    const answers = await clock.until(Promise.allSettled([0, 1, 2].map((number) => ref.ask({ type: 'ask', number }))))
    await clock.until(system.stop())

    assert.deepEqual(
      answers.map((answer) =>
        answer.status === 'fulfilled' ? answer.value : (answer.reason as { code: string }).code,
      ),
      [0, 'ACTOR_ASK_FAILED', 2],
    )
  })

  it('sets a batch aside as a whole', async () => {
    const batches: number[][] = []
    const { clock, system, ref } = await run(
      batched(
        (_, messages, context) => {
          batches.push(numbersOf(messages))
          if (batches.length === 1) context.stash()
          else context.unstashAll()
        },
        { batchMax: 2 },
      ),
    )
    for (let number = 0; number < 4; number++) void ref.tell({ type: 'item', number })
    await clock.until(system.stop())

    assert.deepEqual(batches, [
      [0, 1],
      [2, 3],
      [0, 1],
    ])
  })

  it('is refused where it has other handlers than a function, or a bound that is none', async () => {
    const start = batched(() => {}, { batchMax: 0 })
    await assert.rejects(run(start), { code: 'ACTOR_SPEC_INVALID' })
    await assert.rejects(run(batched('none' as never)), { code: 'ACTOR_SPEC_INVALID' })
  })

  it('B6 B17 does not blame a message for the end of a thread that one of its own may have caused', async () => {
    const clock = new VirtualClock()
    const handled: number[] = []
    const transport = new SimulatedThreads(clock, (_, thread) =>
      batched(
        async (_, messages, { self }) => {
          const numbers = numbersOf(messages)
          if (numbers.includes(-1)) await thread.killWithin('exited')
          // To the same thread, so that it is lost with it.
          if (numbers.includes(0)) void self.tell({ type: 'item', number: -1 })
          handled.push(...numbers)
        },
        { batchMax: 2 },
      ),
    )
    const root = supervisor({ name: 'root', children: [{ start: fromModule('sim:own', 'batched'), thread: '1' }] })
    const system = await clock.until(startSystemOn(transport, { name: 'own', clock, threads: 1, root }))
    const ref = system.ref<ItemMessage>('batched')
    for (const number of [0, 1, 2]) void ref.tell({ type: 'item', number })
    await clock.until(system.stop())

    assert.deepEqual(handled, [0, 1, 2])
    assert.equal(system.deadLetters().total, 0)
  })

  it('B6 B17 handles each message in one call that succeeds, in order, whatever fails and whenever threads end', async () => {
    const item = fc.record({
      fault: fc.constantFrom(undefined, undefined, undefined, undefined, 'crash' as const, 'exit' as const),
      pauseMs: fc.constantFrom(0, 0, 0, 1, 4),
    })
    const plan = fc.record({
      items: fc.array(item, { maxLength: 30 }),
      batchMax: fc.integer({ min: 1, max: 8 }),
      workMs: fc.constantFrom(0, 3),
      isOnThread: fc.boolean(),
    })

    await checkAsync(
      fc.asyncProperty(plan, async ({ items, batchMax, workMs, isOnThread }) => {
        const clock = new VirtualClock()
        const handled: number[] = []
        const receiver = (exit: () => Promise<never>) =>
          batched(
            async (_, messages, { clock }) => {
              if (workMs > 0) await sleep(clock, workMs)
              const faults = messages.map(({ number }) => items[number]!.fault)
              if (faults.includes('exit')) await exit()
              if (faults.includes('crash')) throw new Error('fault')
              handled.push(...numbersOf(messages))
            },
            { batchMax },
          )
        const transport = new SimulatedThreads(clock, (_, thread) => receiver(() => thread.killWithin('exited')))
        const near = receiver(() => Promise.reject(new Error('there is no thread')))
        const child = isOnThread ? { start: fromModule('sim:batches', 'batched'), thread: '1' } : { start: near }
        const root = supervisor({ name: 'root', maxRestarts: 10_000, children: [child] })
        const system = await clock.until(startSystemOn(transport, { name: 'batches', clock, threads: 1, root }))
        const ref = system.ref<ItemMessage>('batched')
        for (const [number, { pauseMs }] of items.entries()) {
          if (pauseMs > 0) await clock.until(sleep(clock, pauseMs))
          await clock.until(ref.tell({ type: 'item', number }))
        }
        await clock.until(system.stop())

        const good = [...items.keys()].filter((number) => items[number]!.fault === undefined)
        assert.deepEqual(handled, good)
        assert.equal(system.deadLetters().byReason.failed, items.length - good.length)
        assert.equal(system.deadLetters().total, items.length - good.length)
        assert.equal(clock.pendingTimers, 0)
      }),
      100,
    )
  })
})
