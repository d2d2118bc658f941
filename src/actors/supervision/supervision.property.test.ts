import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { sleep } from '../../core/clock.ts'
import { probeActors } from '../../testing/index.ts'
import { checkAsync } from '../../../test/property.ts'
import { type ChildSpec, defineActor, supervisor, type SupervisorOptions } from '../index.ts'

type Strategy = NonNullable<SupervisorOptions['strategy']>
type RestartType = NonNullable<ChildSpec['restart']>

const strategy = fc.constantFrom<Strategy>('oneForOne', 'oneForAll', 'restForOne')
const restartTypes = fc.array(fc.constantFrom<RestartType>('permanent', 'transient', 'temporary'), {
  minLength: 1,
  maxLength: 4,
})
const maxRestarts = fc.nat(4)
const withinMs = 100

interface ChildExit {
  child: number
  exit: 'crash' | 'leave'
  /** Virtual milliseconds since the exit before. */
  gapMs: number
}

describe('A supervisor', () => {
  it('does what a simple model of OTP does, over any history of exits', async () => {
    const exits = fc.array(
      fc.record({
        child: fc.nat(3),
        exit: fc.constantFrom<ChildExit['exit']>('crash', 'leave'),
        gapMs: fc.constantFrom(0, 1, 49, 50, 100, 101),
      }),
      { maxLength: 12 },
    )

    await checkAsync(
      fc.asyncProperty(strategy, maxRestarts, restartTypes, exits, async (strategy, maxRestarts, types, exits) => {
        const trace: string[] = []
        const children = types.map((restart, index) => ({ start: tracedChild(index, trace), restart }))
        const probe = await probeActors(children, { strategy, maxRestarts, withinMs })

        for (const { child, exit, gapMs } of exits) {
          await probe.clock.advance(gapMs)
          if (child < types.length) void probe.ref<{ type: 'crash' | 'leave' }>(`child-${child}`).tell({ type: exit })
          await probe.clock.advance(0)
        }
        await probe.stop()

        assert.deepEqual(trace, modelTrace({ strategy, maxRestarts, types }, exits))
      }),
      200,
    )
  })

  it('never lets a child live twice, and leaves nothing behind, whatever takes how long and crashes when', async () => {
    const behaviour = fc.record({
      initMs: fc.constantFrom(0, 1, 30),
      stopMs: fc.constantFrom(0, 1, 30),
      /** The incarnations whose `init` fails; never the first. */
      failing: fc.uniqueArray(fc.integer({ min: 2, max: 6 })),
      isStopFailing: fc.boolean(),
    })
    const child = fc.record({ behaviour, restart: fc.constantFrom<RestartType>('permanent', 'transient', 'temporary') })
    const group = fc.record({ strategy, maxRestarts, children: fc.array(child, { minLength: 1, maxLength: 3 }) })
    const order = fc.record({
      child: fc.nat(8),
      atMs: fc.nat(300),
      type: fc.constantFrom<Order['type']>('crash', 'crashLater', 'leave', 'work'),
    })
    const waits = fc.constantFrom(undefined, { initialMs: 10, jitter: 0.5 })

    await checkAsync(
      fc.asyncProperty(
        fc.array(group, { minLength: 1, maxLength: 3 }),
        strategy,
        waits,
        fc.array(order, { maxLength: 40 }),
        fc.nat(400),
        async (groups, strategy, backoff, orders, stopAtMs) => {
          const lives = new Lives()
          let count = 0
          const backoffOption = backoff === undefined ? {} : { backoff }
          const supervisors = groups.map(({ children, ...limits }, index) => ({
            start: supervisor({
              name: `group-${index}`,
              ...limits,
              ...backoffOption,
              children: children.map(({ behaviour, restart }) => ({
                start: lives.child(`child-${count++}`, behaviour),
                restart,
              })),
            }),
          }))
          const probe = await probeActors(supervisors, { strategy, maxRestarts: 5, ...backoffOption })
          for (const { child, atMs, type } of orders) {
            if (child >= count) continue
            probe.clock.setTimer({ afterMs: atMs }, () => void probe.ref<Order>(`child-${child}`).tell({ type }))
          }

          await probe.clock.advance(stopAtMs)
          await probe.stop()
          await probe.clock.advance(1_000)

          assert.deepEqual(lives.faults, [])
          assert.deepEqual([...lives.live], [])
          assert.equal(probe.clock.pendingTimers, 0)
          assert.equal(probe.system.countChildren().running, 0)
        },
      ),
      200,
    )
  })
})

/** What must happen by the book: which children go down and up, in which order. */
function modelTrace(
  { strategy, maxRestarts, types }: { strategy: Strategy; maxRestarts: number; types: RestartType[] },
  exits: ChildExit[],
): string[] {
  const trace: string[] = []
  const incarnations = types.map(() => 0)
  const isUp = types.map(() => false)
  const indices = [...types.keys()]
  const start = (index: number) => {
    isUp[index] = true
    trace.push(`+${index} ${++incarnations[index]!}`)
  }
  const stop = (index: number) => {
    if (isUp[index]) trace.push(`-${index} ${incarnations[index]!}`)
    isUp[index] = false
  }

  indices.forEach(start)
  let nowMs = 0
  let restartsMs: number[] = []
  for (const { child, exit, gapMs } of exits) {
    nowMs += gapMs
    if (!isUp[child]) continue
    stop(child)
    if (types[child] === 'temporary' || (types[child] === 'transient' && exit === 'leave')) continue
    restartsMs = [...restartsMs, nowMs].filter((restartMs) => restartMs >= nowMs - withinMs)
    if (restartsMs.length > maxRestarts) break
    const others: number[] = { oneForOne: [], oneForAll: indices, restForOne: indices.slice(child) }[strategy]
    others.toReversed().forEach(stop)
    indices
      .filter((index) => index === child || (others.includes(index) && types[index] !== 'temporary'))
      .forEach(start)
  }
  indices.toReversed().forEach(stop)
  return trace
}

function tracedChild(index: number, trace: string[]) {
  return defineActor<{ type: 'crash' } | { type: 'leave' }, string>({
    name: `child-${index}`,
    init: ({ incarnation }) => {
      trace.push(`+${index} ${incarnation}`)
      return `-${index} ${incarnation}`
    },
    handle: {
      crash: () => {
        throw new Error('fault')
      },
      leave: (_, _message, context) => context.stop(),
    },
    onStop: (farewell) => void trace.push(farewell),
  })
}

type Order = { type: 'crash' } | { type: 'crashLater' } | { type: 'leave' } | { type: 'work' }

interface Behaviour {
  initMs: number
  stopMs: number
  failing: number[]
  isStopFailing: boolean
}

/** Makes actors that write down when one life begins before the last is over, or a hook runs out of turn. */
class Lives {
  readonly live = new Set<string>()
  readonly faults: string[] = []

  child(name: string, { initMs, stopMs, failing, isStopFailing }: Behaviour) {
    let lastIncarnation = 0
    return defineActor<Order, number>({
      name,
      init: async ({ incarnation, clock }) => {
        if (this.live.has(name)) this.faults.push(`${name} lives twice`)
        if (incarnation !== ++lastIncarnation) this.faults.push(`${name} has incarnation ${incarnation} twice`)
        this.live.add(name)
        if (initMs > 0) await sleep(clock, initMs)
        if (failing.includes(incarnation)) {
          this.live.delete(name)
          throw new Error('no start')
        }
        return incarnation
      },
      handle: {
        crash: () => {
          throw new Error('fault')
        },
        crashLater: async (_, _message, { clock }) => {
          await sleep(clock, 5)
          throw new Error('late fault')
        },
        leave: (_, _message, context) => context.stop(),
        work: async (_, _message, { clock }) => sleep(clock, 5),
      },
      onStop: async (incarnation, _, context) => {
        if (stopMs > 0) await sleep(context.clock, stopMs)
        if (incarnation !== lastIncarnation || !this.live.delete(name)) this.faults.push(`${name} stops twice`)
        if (isStopFailing) throw new Error('no stop')
      },
    })
  }
}
