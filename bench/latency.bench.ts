/**
 * Latency in open loop: records are sent by a schedule that does not wait for anybody, at a share of a given rate, and
 * for each merge the time is taken from the scheduled send of its last part until a `read_committed` consumer has it:
 * `node bench/latency.bench.ts --rate 1000000 [--share 0.7] [--seconds 20] [--epoch-ms 100] [--layouts single]
 * [--members 1] [--runs 1]`. Told of all merges, and of those that were due after the first 3 s, in which the program is
 * not compiled yet; of several layouts, such as `--layouts single,routed`, in turns, with the ratios to the first one in
 * the same run. Members are the processes of a layout whose members share the work.
 *
 * Sender, program, reader and broker are processes of their own that share the machine's cores.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Cluster, createTopics, deleteTopics } from '../src/kafka/index.ts'
import { startKafka } from '../tools/kafka/start.ts'
import { LayoutMembers, ownTopicsOf } from './layout-members.ts'
import { spreadOf, spreadText } from './statistics.ts'

const partitions = 12
const sides = 3
const warmUpMs = 3_000
const { values } = parseArgs({
  options: {
    rate: { type: 'string' },
    share: { type: 'string', default: '0.7' },
    seconds: { type: 'string', default: '20' },
    'epoch-ms': { type: 'string', default: '100' },
    layouts: { type: 'string', default: 'single' },
    members: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1' },
    'bootstrap-servers': { type: 'string' },
  },
})
if (values.rate === undefined) throw new Error('--rate is required: source records per second that the machine reached')

interface Latencies {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

await using kafka = values['bootstrap-servers'] === undefined ? await startKafka({ heapMb: 2048 }) : undefined
const servers = kafka?.bootstrapServers ?? values['bootstrap-servers']!
const cluster = new Cluster({ bootstrapServers: servers })
const recordsPerSecond = Number(values.rate) * Number(values.share)
const merges = Math.floor((recordsPerSecond * Number(values.seconds)) / sides)
const layouts = values.layouts.split(',')
const rounds: ReadonlyMap<string, Latencies>[] = []
for (let round = 0; round < Number(values.runs); round++) {
  const warm = new Map<string, Latencies>()
  for (let turn = 0; turn < layouts.length; turn++) {
    const layout = layouts[(round + turn) % layouts.length]!
    warm.set(layout, await measure(layout, `latency-${process.pid}-${round}-${turn}`))
  }
  rounds.push(warm)
}
await cluster.close()
for (const layout of layouts.slice(1)) {
  const shares = (['p50', 'p99'] as const).map((reading) => {
    const all = rounds.map((warm) => warm.get(layout)![reading] / warm.get(layouts[0]!)![reading])
    return `${reading} ${spreadText(spreadOf(all), 2)}`
  })
  console.log(`${layout}: ${shares.join(', ')} of that of ${layouts[0]}`)
}

/** @returns Of the merges that were due once the program was warm. */
async function measure(layout: string, app: string): Promise<Latencies> {
  const [source, sink] = [`${app}.source`, `${app}.sink`]
  for (const name of [source, sink]) await createTopics(cluster, [{ name, partitionCount: partitions }])
  const reader = fork(join(import.meta.dirname, 'peers/latency-read.ts'), [
    servers,
    sink,
    String(merges),
    String(warmUpMs),
  ])
  await once(reader, 'message')
  const count = layout === 'single' ? 1 : Number(values.members)
  const members = new LayoutMembers(count, {
    BENCH_APP: app,
    BENCH_SOURCE: source,
    BENCH_SINK: sink,
    BENCH_LAYOUT: layout,
    BENCH_SERVERS: servers,
    MILLRACE_EPOCH_MS: values['epoch-ms'],
  })
  await members.areAtWork(layout === 'single' ? undefined : partitions / count)
  const sender = fork(join(import.meta.dirname, 'peers/scheduled-send.ts'), [
    servers,
    source,
    String(merges),
    String(recordsPerSecond),
  ])
  // The sender may be the first to end.
  const [[{ all, warm }]] = (await Promise.all([once(reader, 'message'), once(sender, 'exit')])) as [
    [{ all: Latencies; warm: Latencies }],
    unknown,
  ]
  await members.haveMerged(merges)
  await members.stop()
  await deleteTopics(cluster, [source, sink, ...ownTopicsOf(layout, app)])
  console.log(
    `${layout}, ${Math.round(recordsPerSecond)} records/s for ${values.seconds} s, epochs of ${values['epoch-ms']} ms: ${textOf(warm)}; with the first ${warmUpMs} ms ${textOf(all)}`,
  )
  return warm
}

function textOf({ p50, p99, max }: Latencies): string {
  return `p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`
}
