/**
 * What actors cost, on one thread and between two: `node bench/actors.bench.ts [--rounds 5] [--scale 1]`. Each round
 * takes all measurements in turn, so that a slow moment of the machine meets all alike. What 100,000 actors take is
 * measured once, last.
 */
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  type ActorRef,
  type ActorSystem,
  fromModule,
  group,
  type Routing,
  simpleOneForOne,
  startSystem,
  supervisor,
  type SystemEvent,
} from '../src/actors/index.ts'
import { systemClock } from '../src/core/clock.ts'
import { sink, type SinkMessage } from './bench-actors.ts'
import { until } from '../test/until.ts'
import { spreadOf, spreadText } from './statistics.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, scale: { type: 'string', default: '1' } },
})
const scale = Number(values.scale)
const recordsPerBatch = 1_024
const frameBytes = 100_000
/** Questions that are on their way at a time. */
const asksAtOnce = 16

type SinkRef = ActorRef<SinkMessage>

interface Measurement {
  readonly title: string
  /** Of what is measured; less is better of times only. */
  readonly unit: string
  readonly measure: () => Promise<number>
}

async function compare(): Promise<void> {
  const restarts = new Restarts()
  await using near = await startSystem({
    name: 'near',
    root: supervisor({ name: 'root', maxRestarts: 1_000_000, children: [{ start: sink }] }),
    onEvent: restarts.onEvent,
  })
  const start = fromModule<typeof sink>(new URL('./bench-actors.ts', import.meta.url), 'sink')
  await using far = await startSystem({
    name: 'far',
    threads: ['two'],
    root: supervisor({ name: 'root', maxRestarts: 1_000_000, children: [{ start, thread: 'two' }] }),
    onEvent: restarts.onEvent,
  })
  await using routed = await startSystem({
    name: 'routed',
    root: supervisor({
      name: 'root',
      children: routings.map(([name, routing]) => ({ start: groupOf(name, routing) })),
    }),
  })
  const all: Measurement[] = [
    ...onEither('one thread', near, restarts),
    ...routings.map(([name]) => ({
      title: `one thread: tell to a group of ${groupSize}, ${name}`,
      unit: 'M/s',
      measure: () => tellGroup(routed, name, 1_000_000 * scale),
    })),
    { title: 'one thread: tell by name', unit: 'M/s', measure: () => tellByName(near, 1_000_000 * scale) },
    ...onEither('two threads', far, restarts),
    { title: 'two threads: restart of a thread', unit: 'ms', measure: () => restarts.take(far, 'exit') },
  ]
  const figures = all.map((): number[] => [])
  for (let round = -1; round < Number(values.rounds); round++) {
    for (const [index, { measure }] of all.entries()) {
      const figure = await measure()
      // The first round warms up.
      if (round >= 0) figures[index]!.push(figure)
    }
  }
  console.log(`node ${process.version}, ${values.rounds} rounds: median [least – most]`)
  for (const [index, { title, unit }] of all.entries())
    console.log(`${title}: ${spreadText(spreadOf(figures[index]!), 3)} ${unit}`)
}

function onEither(where: string, system: ActorSystem, restarts: Restarts): Measurement[] {
  const ref = system.ref<SinkMessage>('sink')
  return [
    { title: `${where}: tell of a number`, unit: 'M/s', measure: () => tellNumbers(ref, 2_000_000 * scale) },
    { title: `${where}: ask, one after the other`, unit: 'M/s', measure: () => askInTurn(ref, 20_000 * scale) },
    { title: `${where}: ask, 1,024 at once`, unit: 'M/s', measure: () => askAtOnce(ref, 500_000 * scale) },
    { title: `${where}: batch hop`, unit: 'ns a record', measure: () => sendBatches(ref, 4_000 * scale) },
    { title: `${where}: frames of 100 kB`, unit: 'GB/s', measure: () => sendFrames(ref, 20_000 * scale) },
    { title: `${where}: restart of an actor`, unit: 'ms', measure: () => restarts.take(system, 'crash') },
  ]
}

async function tellNumbers(ref: SinkRef, count: number): Promise<number> {
  return millionsPerSecond(count, async () => {
    for (let amount = 0; amount < count; amount++) await ref.tell({ type: 'add', amount })
    await ref.ask({ type: 'total' }, { timeoutMs: 600_000 })
  })
}

const groupSize = 8
const routings: readonly [name: string, routing: Routing<SinkMessage>][] = [
  ['in turn', 'roundRobin'],
  ['to the least loaded', 'leastLoaded'],
  ['by key', { key: (message) => (message.type === 'add' ? `${message.amount & 1_023}` : '') }],
]

function groupOf(name: string, routing: Routing<SinkMessage>) {
  return group<SinkMessage>({ name, size: groupSize, routing, member: () => sink })
}

async function tellGroup(system: ActorSystem, name: string, count: number): Promise<number> {
  const members = system.group<SinkMessage>(name)
  return millionsPerSecond(count, async () => {
    for (let amount = 0; amount < count; amount++) await members.tell({ type: 'add', amount })
    await members.ask({ type: 'total' })
  })
}

async function tellByName(system: ActorSystem, count: number): Promise<number> {
  return millionsPerSecond(count, async () => {
    for (let amount = 0; amount < count; amount++) await system.ref<SinkMessage>('sink').tell({ type: 'add', amount })
    await system.ref<SinkMessage>('sink').ask({ type: 'total' })
  })
}

async function askInTurn(ref: SinkRef, count: number): Promise<number> {
  return millionsPerSecond(count, async () => {
    for (let asked = 0; asked < count; asked++) await ref.ask({ type: 'total' })
  })
}

async function askAtOnce(ref: SinkRef, count: number): Promise<number> {
  return millionsPerSecond(count, async () => {
    for (let asked = 0; asked < count; asked += 1_024)
      await Promise.all(Array.from({ length: 1_024 }, () => ref.ask({ type: 'total' })))
  })
}

/** Batches of numbers go there and come back: two hops. */
async function sendBatches(ref: SinkRef, count: number): Promise<number> {
  const nowMs = systemClock.monotonicMs()
  const each = async () => {
    let amounts: Float64Array = new Float64Array(recordsPerBatch)
    for (let sent = 0; sent < count; sent += asksAtOnce) amounts = await ref.ask({ type: 'batch', amounts })
  }
  await Promise.all(Array.from({ length: asksAtOnce }, each))
  return ((systemClock.monotonicMs() - nowMs) * 1e6) / (2 * count * recordsPerBatch)
}

/** Frames go there and come back, to be sent again; those that come back do not count. */
async function sendFrames(ref: SinkRef, count: number): Promise<number> {
  const nowMs = systemClock.monotonicMs()
  const each = async () => {
    let bytes: Uint8Array = new Uint8Array(frameBytes)
    for (let sent = 0; sent < count; sent += asksAtOnce) bytes = await ref.ask({ type: 'frame', bytes })
  }
  await Promise.all(Array.from({ length: asksAtOnce }, each))
  return (count * frameBytes) / 1e6 / (systemClock.monotonicMs() - nowMs)
}

/** Times from a crash to the next incarnation. */
class Restarts {
  #restarted: PromiseWithResolvers<void> | undefined

  readonly onEvent = ({ type }: SystemEvent): void => {
    if (type === 'childRestarted') this.#restarted?.resolve()
  }

  /** The 99th percentile of 100, in milliseconds; of 20 that end a thread, each when a spare one is ready. */
  async take(system: ActorSystem, type: 'crash' | 'exit'): Promise<number> {
    const times: number[] = []
    for (let time = 0; time < (type === 'crash' ? 100 : 20); time++) {
      if (type === 'exit') await until('a spare thread is ready', () => system.countThreads().spare > 0)
      this.#restarted = Promise.withResolvers()
      const nowMs = systemClock.monotonicMs()
      await system.ref<SinkMessage>('sink').tell({ type })
      await this.#restarted.promise
      times.push(systemClock.monotonicMs() - nowMs)
    }
    return times.toSorted((one, other) => one - other)[Math.ceil(times.length * 0.99) - 1]!
  }
}

/** What many actors take in memory, and to start and stop. */
async function printMany(): Promise<void> {
  const count = 100_000
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const before = process.memoryUsage().heapUsed
  const nowMs = systemClock.monotonicMs()
  const children = simpleOneForOne({ name: 'many', childrenMax: count, child: { start: () => sink } })
  const system = await startSystem({
    name: 'many',
    root: supervisor({ name: 'root', children: [{ start: children }] }),
  })
  const many = system.supervisor('many')
  for (let number = 0; number < count; number++) await many.startChild({ id: `${number}`, args: undefined })
  const startMs = systemClock.monotonicMs() - nowMs
  collect()
  const bytesEach = (process.memoryUsage().heapUsed - before) / count
  const stopAtMs = systemClock.monotonicMs()
  await system.stop()
  const stopMs = systemClock.monotonicMs() - stopAtMs
  const [kib, seconds] = [(bytesEach / 1_024).toFixed(2), ((startMs + stopMs) / 1_000).toFixed(2)]
  console.log(`${count.toLocaleString('en')} actors: ${kib} KiB each, start and stop in ${seconds} s`)
}

async function millionsPerSecond(count: number, work: () => Promise<void>): Promise<number> {
  const nowMs = systemClock.monotonicMs()
  await work()
  return count / 1_000 / (systemClock.monotonicMs() - nowMs)
}

await compare()
await printMany()
