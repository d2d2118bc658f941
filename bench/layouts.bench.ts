/**
 * The experiment by members that share the work, beside one process in the layout `single`, in turns on one Apache
 * Kafka: `npm run build && node bench/layouts.bench.ts [--base DIR] [--runs 9] [--warm-up 2] [--customers 1000000]
 * [--members 1,2,4] [--layouts keyed,routed] [--warm-share 0.3] [--streams 2]`.
 *
 * All are processes of the built package. DIR is a worktree of another commit, installed and built, whose `single` the
 * others are measured by, in place of this tree's. All read the same records, which are partitioned by the customer, of
 * which `routed` makes no use; and each sink is verified. Rate, CPU of the processes and CPU of the broker as shares of
 * those of `single` in the same round, twice:
 *
 * - whole: of the processes from their start, of rate and broker from the moment at which all may begin to read. That is
 *   one moment: a transaction that is open since before the first record hides all of them, and is aborted when each
 *   member has its tasks.
 * - warm: from when a share of the records, `--warm-share`, is consumed. A process compiles its code and gathers its
 *   memory meanwhile, which takes each about a second of CPU, once, however few of the records it gets.
 *
 * And CPU of several members as a share of that of one. With `--streams` so many processes of Kafka Streams, of one
 * thread each, have a turn in each round; their CPU counts from the first record, without the start of the JVM.
 */
import { parseArgs } from 'node:util'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { sleep, systemClock } from '../src/core/clock.ts'
import { recordsPerCustomer } from '../src/cli/experiment/index.ts'
import { partitionForKey } from '../src/kafka/index.ts'
import { ExperimentSource, machineText } from './experiment-source.ts'
import { LayoutMembers, ownTopicsOf } from './layout-members.ts'
import { buildKafkaStreams, ownTopicsOfKafkaStreams, shareKafkaStreams } from './peers/kafka-streams.ts'
import { spreadOf, spreadText } from './statistics.ts'

const { values } = parseArgs({
  options: {
    base: { type: 'string' },
    runs: { type: 'string', default: '9' },
    'warm-up': { type: 'string', default: '2' },
    customers: { type: 'string', default: '1000000' },
    members: { type: 'string', default: '1,2,4' },
    layouts: { type: 'string', default: 'keyed,routed' },
    'warm-share': { type: 'string', default: '0.3' },
    streams: { type: 'string', default: '0' },
  },
})
/** In which Kafka Streams makes the tasks ready that it has given. */
const settlingMs = 3_000
const here = join(import.meta.dirname, '..')

const readings = ['rate', 'CPU', 'CPU of the broker'] as const
type Readings = Record<(typeof readings)[number], number>

interface Run {
  readonly whole: Readings
  /** Absent where nobody tells how far a process is. */
  readonly warm?: Readings
}

interface Variant {
  readonly title: string
  readonly layout: string
  readonly members: number
  /** That the package is built in. */
  readonly tree: string
}

const single: Variant = { title: 'single', layout: 'single', members: 1, tree: here }
const reference: Variant =
  values.base === undefined ? single : { ...single, title: 'single of the base', tree: values.base }
const shared = values.layouts.split(',').flatMap((layout) =>
  values.members.split(',').map((count): Variant => {
    return { title: `${layout} with ${count}`, layout, members: Number(count), tree: here }
  }),
)
const streamsCount = Number(values.streams)
const streams = { title: `Kafka Streams with ${streamsCount}`, layout: 'streams', members: streamsCount, tree: here }
const variants = [...new Set([reference, single]), ...shared, ...(streamsCount > 0 ? [streams] : [])]

if (streamsCount > 0) await buildKafkaStreams()
await using source = await ExperimentSource.generate(Number(values.customers))
const kafka = new Kafka({ brokers: [source.bootstrapServers], logLevel: logLevel.NOTHING })
console.log(machineText())
const warmUp = Number(values['warm-up'])
const warmShare = Number(values['warm-share'])
const rounds: ReadonlyMap<Variant, Run>[] = []
for (let round = 0; round < warmUp + Number(values.runs); round++) {
  const runs = new Map<Variant, Run>()
  for (let turn = 0; turn < variants.length; turn++) {
    const variant = variants[(round + turn) % variants.length]!
    runs.set(variant, await measure(variant, `layouts-${process.pid}-${round}-${turn}`))
  }
  console.log(round < warmUp ? 'warm-up' : `round ${round - warmUp + 1}`)
  for (const variant of variants) console.log(`  ${variant.title}: ${textOf(runs.get(variant)!)}`)
  if (round >= warmUp) rounds.push(runs)
}
for (const variant of variants.filter((each) => each !== reference)) {
  for (const part of ['whole', 'warm'] as const) {
    if (rounds.some((runs) => runs.get(variant)![part] === undefined)) continue
    const spreads = readings.map((reading) => `${reading} ${sharesText(variant, reference, part, reading)}`)
    console.log(`${variant.title}, ${part}: ${spreads.join(', ')} of that of ${reference.title}`)
  }
}
for (const variant of shared) {
  const one = shared.find(({ layout }) => layout === variant.layout)!
  if (variant === one) continue
  const [whole, warm] = (['whole', 'warm'] as const).map((part) => sharesText(variant, one, part, 'CPU'))
  console.log(`${variant.title}: CPU, whole ${whole}, warm ${warm} of that of ${one.title}`)
}

async function measure(variant: Variant, app: string): Promise<Run> {
  const hiding = kafka.producer({
    transactionalId: `${app}.hiding`,
    maxInFlightRequests: 1,
    transactionTimeout: 300_000,
  })
  await hiding.connect()
  const transaction = await hiding.transaction()
  await source.generateBeside(`.${app}`, { partitionOf: partitionForKey }, async (topic) => {
    const messages = Array.from({ length: source.partitions }, (_, partition) => ({ partition, value: 'hiding' }))
    await transaction.send({ topic, messages })
  })
  const begin = () => transaction.abort()
  const run = variant === streams ? await runStreams(app, begin) : await runMembers(variant, app, begin)
  await hiding.disconnect()
  await source.removeBeside(`.${app}`)
  return run
}

async function runMembers({ layout, members: count, tree }: Variant, app: string, begin: () => Promise<void>) {
  return source.verified(app, ownTopicsOf(layout, app), async (sink): Promise<Run> => {
    const members = new LayoutMembers(count, {
      BENCH_TREE: tree,
      BENCH_APP: app,
      BENCH_SOURCE: `${source.topic}.${app}`,
      BENCH_SINK: sink,
      BENCH_LAYOUT: layout,
      BENCH_SERVERS: source.bootstrapServers,
    })
    await members.areAtWork(layout === 'single' ? undefined : source.partitions / count)
    const start = { cpu: 0, brokerCpu: source.brokerCpuSeconds, ms: performance.now() }
    await begin()
    await members.haveConsumed(warmShare * source.customers * recordsPerCustomer)
    const warm = { cpu: await members.cpuSeconds(), brokerCpu: source.brokerCpuSeconds, ms: performance.now() }
    await members.haveMerged(source.customers)
    const [ms, cpu, brokerCpu] = [performance.now(), await members.cpuSeconds(), source.brokerCpuSeconds]
    await members.stop()
    const since = (from: typeof start, share: number): Readings => ({
      rate: (share * source.customers * 1_000) / (ms - from.ms),
      CPU: cpu - from.cpu,
      'CPU of the broker': brokerCpu - from.brokerCpu,
    })
    return { whole: since(start, 1), warm: since(warm, 1 - warmShare) }
  })
}

function runStreams(app: string, begin: () => Promise<void>): Promise<Run> {
  return source.verified(app, ownTopicsOfKafkaStreams(app), async (sink): Promise<Run> => {
    let brokerCpuSeconds = 0
    const { seconds, cpuSeconds } = await shareKafkaStreams(source, `${source.topic}.${app}`, app, sink, {
      instances: streamsCount,
      async whenStarted() {
        await haveJoined(app, streamsCount)
        brokerCpuSeconds = source.brokerCpuSeconds
        await begin()
      },
    })
    const whole = {
      rate: source.customers / seconds,
      CPU: cpuSeconds,
      'CPU of the broker': source.brokerCpuSeconds - brokerCpuSeconds,
    }
    return { whole }
  })
}

/** Resolves when a group has so many members, and has given them its partitions. */
async function haveJoined(group: string, count: number): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  for (;;) {
    const { groups } = await admin.describeGroups([group])
    if (groups[0]!.state === 'Stable' && groups[0]!.members.length === count) break
    await sleep(systemClock, 100)
  }
  await admin.disconnect()
  await sleep(systemClock, settlingMs)
}

function sharesText(variant: Variant, of: Variant, part: keyof Run, reading: keyof Readings): string {
  const shares = rounds.map((runs) => runs.get(variant)![part]![reading] / runs.get(of)![part]![reading])
  return spreadText(spreadOf(shares), 2)
}

function textOf({ whole, warm }: Run): string {
  const text = (part: Readings) =>
    `${Math.round(part.rate / 1_000)} k merges/s, ${part.CPU.toFixed(2)} s and ${part['CPU of the broker'].toFixed(2)} s CPU`
  return warm === undefined ? text(whole) : `${text(whole)}; warm ${text(warm)}`
}
