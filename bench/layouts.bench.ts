/**
 * The experiment by members that share the work, beside one process in the layout `single`, in turns on one Apache
 * Kafka: `node bench/layouts.bench.ts [--runs 9] [--warm-up 2] [--customers 1000000] [--members 1,2,4] [--layouts
 * keyed,routed] [--warm-share 0.3]`. All read the same records, which are partitioned by the customer, of which `routed` makes no use; and
 * each sink is verified. Rate, CPU of the members and CPU of the broker as shares of those of `single` in the same round.
 *
 * Members begin to read at one moment: a transaction that is open since before the first record hides all of them, and
 * is aborted when each member has its tasks. What they take until then is not counted, nor until they have consumed a
 * share of the records, `--warm-share`: a process compiles its code meanwhile, which takes it about a second of CPU, once.
 */
import { parseArgs } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'
import { recordsPerCustomer } from '../src/cli/experiment/index.ts'
import { partitionForKey } from '../src/kafka/index.ts'
import { ExperimentSource, machineText } from './experiment-source.ts'
import { LayoutMembers } from './layout-members.ts'
import { spreadOf, spreadText } from './statistics.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '9' },
    'warm-up': { type: 'string', default: '2' },
    customers: { type: 'string', default: '1000000' },
    members: { type: 'string', default: '1,2,4' },
    layouts: { type: 'string', default: 'keyed,routed' },
    'warm-share': { type: 'string', default: '0.3' },
  },
})
const ownTopicsOf = {
  single: ['dead-letter', 'checkpoint'],
  keyed: ['dead-letter', 'tasks'],
  routed: ['dead-letter', 'tasks', 'routed', 'by-customer.dead-letter', 'by-customer.tasks'],
}
const readings = ['rate', 'CPU of the members', 'CPU of the broker'] as const
type Run = Record<(typeof readings)[number], number>

interface Variant {
  readonly layout: string
  readonly members: number
}

const single: Variant = { layout: 'single', members: 1 }
const shared = values.layouts
  .split(',')
  .flatMap((layout) => values.members.split(',').map((count): Variant => ({ layout, members: Number(count) })))
const variants = [single, ...shared]

await using source = await ExperimentSource.generate(Number(values.customers))
const kafka = new Kafka({ brokers: [source.bootstrapServers], logLevel: logLevel.NOTHING })
console.log(machineText())
const warmUp = Number(values['warm-up'])
const warmShare = Number(values['warm-share'])
const shares = new Map(shared.map((variant) => [variant, readings.map((): number[] => [])]))
for (let round = 0; round < warmUp + Number(values.runs); round++) {
  const runs = new Map<Variant, Run>()
  for (let turn = 0; turn < variants.length; turn++) {
    const variant = variants[(round + turn) % variants.length]!
    runs.set(variant, await measure(variant, `layouts-${process.pid}-${round}-${turn}`))
  }
  const title = round < warmUp ? 'warm-up' : String(round - warmUp + 1)
  console.log([title, ...variants.map((variant) => `${titleOf(variant)} ${textOf(runs.get(variant)!)}`)].join(', '))
  if (round < warmUp) continue
  for (const [variant, lists] of shares)
    for (const [at, reading] of readings.entries())
      lists[at]!.push(runs.get(variant)![reading] / runs.get(single)![reading])
}
for (const [variant, lists] of shares) {
  const spreads = readings.map((reading, at) => `${reading} ${spreadText(spreadOf(lists[at]!), 2)}`)
  console.log(`${titleOf(variant)}: ${spreads.join(', ')} of that of single`)
}

async function measure({ layout, members: count }: Variant, app: string): Promise<Run> {
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
  const ownTopics = ownTopicsOf[layout as keyof typeof ownTopicsOf].map((name) => `${app}.${name}`)
  const run = await source.verified(app, ownTopics, async (sink) => {
    const members = new LayoutMembers(count, {
      BENCH_APP: app,
      BENCH_SOURCE: `${source.topic}.${app}`,
      BENCH_SINK: sink,
      BENCH_LAYOUT: layout,
      BENCH_SERVERS: source.bootstrapServers,
    })
    await members.areAtWork(layout === 'single' ? undefined : source.partitions / count)
    await transaction.abort()
    const warmRecords = warmShare * source.customers * recordsPerCustomer
    await members.haveConsumed(warmRecords)
    const [cpu, brokerCpu, startMs] = [await members.cpuSeconds(), source.brokerCpuSeconds, performance.now()]
    await members.haveMerged(source.customers)
    const seconds = (performance.now() - startMs) / 1_000
    const measured = {
      rate: ((1 - warmShare) * source.customers) / seconds,
      'CPU of the members': (await members.cpuSeconds()) - cpu,
      'CPU of the broker': source.brokerCpuSeconds - brokerCpu,
    }
    await members.stop()
    return measured
  })
  await hiding.disconnect()
  await source.removeBeside(`.${app}`)
  return run
}

function titleOf({ layout, members }: Variant): string {
  return layout === 'single' ? layout : `${layout} with ${members}`
}

function textOf(run: Run): string {
  const [rate, members, broker] = readings.map((reading) => run[reading])
  return `${Math.round(rate! / 1_000)} k merges/s, ${members!.toFixed(2)} s and ${broker!.toFixed(2)} s CPU`
}
