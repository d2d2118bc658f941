import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { systemClock } from '../../core/clock.ts'
import { VirtualClock } from '../../testing/index.ts'
import { checkAsync } from '../../../test/property.ts'
import { until } from '../../../test/until.ts'
import { type Fate, type mortal, mortalActor } from '../fixtures/mortal-actor.ts'
import { SimulatedThreads } from '../fixtures/simulated-threads.ts'
import { fromModule, type RestartType, type Strategy, supervisor, type SystemEvent } from '../index.ts'
import { startSystemOn } from '../system/system.ts'
import { workerTransport } from './worker-transport.ts'

const threadNames = ['a', 'b']
/** None of the restarts of a run is ever too old to count. */
const withinMs = 1e9

interface Tree {
  readonly strategy: Strategy
  readonly maxRestarts: number
  readonly spareCount: number
  readonly children: readonly { readonly restart: RestartType; readonly thread: string | undefined }[]
  readonly steps: readonly { readonly child: number; readonly fate: Fate['type'] }[]
}

const tree: fc.Arbitrary<Tree> = fc.record({
  strategy: fc.constantFrom<Strategy>('oneForOne', 'oneForAll', 'restForOne'),
  maxRestarts: fc.nat(6),
  spareCount: fc.nat(2),
  children: fc.array(
    fc.record({
      restart: fc.constantFrom<RestartType>('permanent', 'permanent', 'transient', 'temporary'),
      thread: fc.constantFrom(undefined, ...threadNames),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  steps: fc.array(fc.record({ child: fc.nat(4), fate: fc.constantFrom<Fate['type']>('crash', 'leave', 'exit') }), {
    maxLength: 10,
  }),
})

describe('Supervisors whose children are on threads', () => {
  it('B1 B2 B3 B4 B17 do what a simple model of OTP does, threads among the crashed', async (t) => {
    const totals = new Totals()
    await checkAsync(
      fc.asyncProperty(tree, async (tree) => {
        const clock = new VirtualClock()
        const transport = new SimulatedThreads(clock, (name, thread) =>
          mortalActor(name, () => thread.killWithin('exited')),
        )
        const { trace, onEvent } = traced()
        const system = await clock.until(startSystemOn(transport, { ...systemOf(tree), clock, onEvent }))

        for (const { child, fate } of tree.steps.filter(({ child }) => child < tree.children.length)) {
          void system.ref<Fate>(`child-${child}`).tell({ type: fate })
          await clock.advance(0)
        }
        await clock.until(system.stop({ drainMs: 0 }))

        assert.deepEqual(trace, new Model(tree).run())
        assert.equal(clock.pendingTimers, 0)
        totals.add(tree, trace)
      }),
      100,
    )
    t.diagnostic(totals.text)
  })

  it('B8 B17 do the same with threads of Node, as often as MILLRACE_THREAD_RUNS says', async (t) => {
    const totals = new Totals()
    await checkAsync(
      fc.asyncProperty(tree, async (tree) => {
        const { trace, onEvent } = traced()
        const system = await startSystemOn(workerTransport, { ...systemOf(tree), clock: systemClock, onEvent })
        const model = new Model(tree)
        for (const [index, { child, fate }] of tree.steps.entries()) {
          if (child >= tree.children.length) continue
          void system.ref<Fate>(`child-${child}`).tell({ type: fate })
          const expected = model.runTo(index + 1)
          await until(`the events are ${expected.join(' ')}`, () => trace.length >= expected.length)
        }
        await system.stop({ drainMs: 0 })

        assert.deepEqual(trace, model.run())
        totals.add(tree, trace)
      }),
      3,
      'MILLRACE_THREAD_RUNS',
    )
    t.diagnostic(totals.text)
  })
})

/** What happened in all trees of a run. */
class Totals {
  #trees = 0
  #steps = 0
  #threadEnds = 0
  #incarnations = 0

  add({ steps, children }: Tree, trace: readonly string[]): void {
    this.#trees++
    this.#steps += steps.length
    const ends = steps.filter(({ child, fate }) => fate === 'exit' && children[child]?.thread !== undefined)
    this.#threadEnds += ends.length
    this.#incarnations += trace.filter((entry) => entry.startsWith('+')).length
  }

  get text(): string {
    return `${this.#trees} trees, ${this.#steps} children told to end, ${this.#threadEnds} with their threads, ${this.#incarnations} incarnations`
  }
}

/** On the main thread there is no thread to end: it is a crash. */
const exit = () => Promise.reject(new Error('there is no thread'))

function traced() {
  const trace: string[] = []
  const onEvent = (event: SystemEvent) => {
    if (event.type === 'supervisorEscalated') return
    const sign = event.type === 'childStarted' || event.type === 'childRestarted' ? '+' : '-'
    trace.push(`${sign}${event.path.slice('root/child-'.length)}.${event.incarnation}`)
  }
  return { trace, onEvent }
}

function systemOf({ strategy, maxRestarts, spareCount, children }: Tree) {
  const module = new URL('../fixtures/mortal-actor.ts', import.meta.url)
  const specs = children.map(({ restart, thread }, index) => {
    const id = `child-${index}`
    if (thread === undefined) return { id, restart, start: mortalActor(id, exit) }
    return { id, restart, start: fromModule<typeof mortal>(module, 'mortal'), thread }
  })
  const root = supervisor({ name: 'root', strategy, maxRestarts, withinMs, children: specs })
  return { name: 'trees', root, threads: threadNames, threadLimits: { spareCount } }
}

interface ModelChild {
  readonly index: number
  readonly restart: RestartType
  readonly thread: string | undefined
  isUp: boolean
  incarnation: number
}

/** What must happen by the book: a thread that ends is a crash of all that is on it, and counts once. */
class Model {
  readonly #tree: Tree
  #trace: string[] = []
  #children: ModelChild[] = []

  constructor(tree: Tree) {
    this.#tree = tree
  }

  run(): string[] {
    const trace = this.runTo(this.#tree.steps.length)
    for (const child of this.#children.toReversed()) this.#stop(child)
    return trace
  }

  /** What has happened after so many steps. */
  runTo(steps: number): string[] {
    this.#trace = []
    this.#children = this.#tree.children.map((child, index) => ({ ...child, index, isUp: false, incarnation: 0 }))
    for (const child of this.#children) this.#start(child)
    let restarts = 0
    for (const { child: index, fate } of this.#tree.steps.slice(0, steps)) {
      const child = this.#children[index]
      if (child?.isUp !== true) continue
      const downed = fate === 'exit' && child.thread !== undefined ? this.#on(child.thread) : [child]
      for (const each of downed) this.#stop(each)
      const isCrash = fate !== 'leave'
      const returning = downed.filter(({ restart }) => restart === 'permanent' || (restart === 'transient' && isCrash))
      if (returning.length === 0) continue
      if (++restarts > this.#tree.maxRestarts) {
        for (const each of this.#children.toReversed()) this.#stop(each)
        break
      }
      this.#restart(returning)
    }
    return this.#trace
  }

  #on(thread: string): ModelChild[] {
    return this.#children.filter((child) => child.isUp && child.thread === thread)
  }

  #restart(returning: readonly ModelChild[]): void {
    const first = { oneForOne: 0, oneForAll: 0, restForOne: returning[0]!.index }[this.#tree.strategy]
    const affected = this.#tree.strategy === 'oneForOne' ? returning : this.#children.slice(first)
    for (const each of affected.toReversed()) this.#stop(each)
    for (const each of affected) if (each.restart !== 'temporary') this.#start(each)
  }

  #start(child: ModelChild): void {
    child.isUp = true
    this.#trace.push(`+${child.index}.${++child.incarnation}`)
  }

  #stop(child: ModelChild): void {
    if (child.isUp) this.#trace.push(`-${child.index}.${child.incarnation}`)
    child.isUp = false
  }
}
