import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { sleep } from '../../core/clock.ts'
import { probeActors } from '../../testing/index.ts'
import { tracedActor } from '../fixtures/traced-actor.ts'
import { checkAsync } from '../../../test/property.ts'
import { type ActorSystem, type ChildSpec, defineActor, supervisor, type SupervisorOptions } from '../index.ts'

type Strategy = NonNullable<SupervisorOptions['strategy']>
type RestartType = NonNullable<ChildSpec['restart']>

const strategy = fc.constantFrom<Strategy>('oneForOne', 'oneForAll', 'restForOne')
const restartTypes = fc.array(fc.constantFrom<RestartType>('permanent', 'transient', 'temporary'), {
  minLength: 1,
  maxLength: 4,
})
const maxRestarts = fc.nat(4)
const withinMs = 100

interface Step {
  child: number
  /** What the child does, or what is done with it by the supervisor's reference. */
  type: 'crash' | 'leave' | 'start' | 'terminate' | 'restart' | 'delete'
  /** Virtual milliseconds since the step before. */
  gapMs: number
}

describe('A supervisor', () => {
  it('B1 B2 B3 B4 does what a simple model of OTP does, over any history of exits', async () => {
    await checkHistories(['crash', 'leave'])
  })

  it('B1 B2 B3 does what a simple model of OTP does, while children are added, terminated, restarted and deleted', async () => {
    await checkHistories(['crash', 'leave', 'start', 'terminate', 'restart', 'delete'])
  })

  it('B2 never lets a child live twice, and leaves nothing behind, whatever takes how long and crashes when', async () => {
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
      type: fc.constantFrom<Order['type'] | Change>(
        'crash',
        'crashLater',
        'leave',
        'work',
        'terminateChild',
        'restartChild',
      ),
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
            const ref = probe.ref<Order>(`child-${child}`)
            probe.clock.setTimer({ afterMs: atMs }, () => {
              if (type !== 'terminateChild' && type !== 'restartChild') void ref.tell({ type })
              else
                probe.system
                  .supervisor(ref.path.split('/')[1]!)
                  [type](`child-${child}`)
                  .catch(() => {})
            })
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

async function checkHistories(stepTypes: readonly Step['type'][]): Promise<void> {
  const steps = fc.array(
    fc.record({
      child: fc.nat(3),
      type: fc.constantFrom(...stepTypes),
      gapMs: fc.constantFrom(0, 1, 49, 50, 100, 101),
    }),
    { maxLength: 12 },
  )
  await checkAsync(
    fc.asyncProperty(strategy, maxRestarts, restartTypes, steps, async (strategy, maxRestarts, types, steps) => {
      const trace: string[] = []
      const spec = (index: number) => ({
        start: tracedActor(trace, `${index} `, { name: `child-${index}` }),
        restart: types[index % types.length]!,
      })
      const children = types.map((_, index) => spec(index))
      const probe = await probeActors(children, { strategy, maxRestarts, withinMs })
      const root = probe.system.supervisor('root')

      for (const { child, type, gapMs } of steps) {
        const id = `child-${child}`
        await probe.clock.advance(gapMs)
        const refuse = () => {}
        if (type === 'start') root.startChild(spec(child)).catch(refuse)
        else if (type === 'terminate') root.terminateChild(id).catch(refuse)
        else if (type === 'restart') root.restartChild(id).catch(refuse)
        else if (type === 'delete') root.deleteChild(id).catch(refuse)
        else if (hasActor(probe.system, id)) void probe.ref<{ type: 'crash' | 'leave' }>(id).tell({ type })
        await probe.clock.advance(0)
      }
      await probe.stop()

      assert.deepEqual(trace, new Model(strategy, maxRestarts, types).run(steps))
    }),
    200,
  )
}

function hasActor(system: ActorSystem, id: string): boolean {
  return system.whichChildren().some(({ path }) => path === `root/${id}`)
}

/** What must happen by the book: which children go down and up, in which order. */
class Model {
  readonly #trace: string[] = []
  readonly #strategy: Strategy
  readonly #maxRestarts: number
  readonly #types: readonly RestartType[]
  #children: { index: number; type: RestartType; isDynamic: boolean; isUp: boolean; incarnation: number }[] = []

  constructor(strategy: Strategy, maxRestarts: number, types: readonly RestartType[]) {
    this.#strategy = strategy
    this.#maxRestarts = maxRestarts
    this.#types = types
  }

  run(steps: readonly Step[]): string[] {
    for (const index of this.#types.keys()) this.#add(index, false)
    let nowMs = 0
    let restartsMs: number[] = []
    for (const { child, type, gapMs } of steps) {
      nowMs += gapMs
      if (type === 'crash' || type === 'leave') {
        if (!this.#goesDown(child, type)) continue
        restartsMs = [...restartsMs, nowMs].filter((restartMs) => restartMs >= nowMs - withinMs)
        if (restartsMs.length > this.#maxRestarts) break
        this.#restart(child)
      } else this.#change(child, type)
    }
    for (const each of this.#children.toReversed()) this.#stop(each)
    return this.#trace
  }

  #add(index: number, isDynamic: boolean): void {
    const type = this.#types[index % this.#types.length]!
    this.#children.push({ index, type, isDynamic, isUp: false, incarnation: 0 })
    this.#start(this.#children.at(-1)!)
  }

  #change(index: number, type: 'start' | 'terminate' | 'restart' | 'delete'): void {
    const child = this.#find(index)
    if (child === undefined) return type === 'start' ? this.#add(index, true) : undefined
    if (type === 'terminate') {
      this.#stop(child)
      this.#forgetTemporary(child)
    } else if (type === 'restart' && !child.isUp) this.#start(child)
    else if (type === 'delete' && !child.isUp) this.#children.splice(this.#children.indexOf(child), 1)
  }

  /** @returns whether the child is to be restarted. */
  #goesDown(index: number, exit: 'crash' | 'leave'): boolean {
    const child = this.#find(index)
    if (child?.isUp !== true) return false
    this.#stop(child)
    this.#forgetTemporary(child)
    return child.type === 'permanent' || (child.type === 'transient' && exit === 'crash')
  }

  #restart(index: number): void {
    const child = this.#find(index)!
    const place = { oneForOne: 0, oneForAll: 0, restForOne: this.#children.indexOf(child) }[this.#strategy]
    const affected = this.#strategy === 'oneForOne' ? [child] : this.#children.slice(place)
    for (const each of affected.toReversed()) this.#stop(each)
    for (const each of affected)
      if (each.type === 'temporary') this.#forgetTemporary(each)
      else this.#start(each)
  }

  #forgetTemporary(child: { type: RestartType; isDynamic: boolean; index: number }): void {
    if (child.type === 'temporary' && child.isDynamic) this.#children = this.#children.filter((each) => each !== child)
  }

  #find(index: number) {
    return this.#children.find((child) => child.index === index)
  }

  #start(child: { index: number; isUp: boolean; incarnation: number }): void {
    child.isUp = true
    this.#trace.push(`+${child.index} ${++child.incarnation}`)
  }

  #stop(child: { index: number; isUp: boolean; incarnation: number }): void {
    if (child.isUp) this.#trace.push(`-${child.index} ${child.incarnation}`)
    child.isUp = false
  }
}

type Change = 'terminateChild' | 'restartChild'
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
      handleInPlace: {
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
