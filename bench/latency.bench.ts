/**
 * Latency in open loop: records are sent by a schedule that does not wait for anybody, at a share of a given rate, and
 * for each merge the time is taken from the scheduled send of its last part until a `read_committed` consumer has it:
 * `node bench/latency.bench.ts --rate 1000000 [--share 0.7] [--seconds 20] [--epoch-ms 100]`. Told of all merges, and
 * of those that were due after the first 3 s, in which the program is not compiled yet.
 *
 * Sender, program, reader and broker share the machine's cores; the sender and the reader are processes of their own.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Cluster, createTopics, deleteTopics } from '../src/kafka/index.ts'
import { start } from '../src/streams/index.ts'
import { startKafka } from '../tools/kafka/start.ts'

const partitions = 12
const sides = 3
const warmUpMs = 3_000
const { values } = parseArgs({
  options: {
    rate: { type: 'string' },
    share: { type: 'string', default: '0.7' },
    seconds: { type: 'string', default: '20' },
    'epoch-ms': { type: 'string', default: '100' },
    'bootstrap-servers': { type: 'string' },
  },
})
if (values.rate === undefined) throw new Error('--rate is required: source records per second that the machine reached')

await using kafka = values['bootstrap-servers'] === undefined ? await startKafka({ heapMb: 2048 }) : undefined
const servers = kafka?.bootstrapServers ?? values['bootstrap-servers']!
const cluster = new Cluster({ bootstrapServers: servers })
const app = `latency-${process.pid}`
process.env['BENCH_APP'] = app
process.env['BENCH_SOURCE'] = `${app}.source`
process.env['BENCH_SINK'] = `${app}.sink`
for (const name of [`${app}.source`, `${app}.sink`]) await createTopics(cluster, [{ name, partitionCount: partitions }])

const recordsPerSecond = Number(values.rate) * Number(values.share)
const merges = Math.floor((recordsPerSecond * Number(values.seconds)) / sides)
const reader = fork(join(import.meta.dirname, 'peers/latency-read.ts'), [
  servers,
  `${app}.sink`,
  String(merges),
  String(warmUpMs),
])
await once(reader, 'message')
const { default: program } = await import('./experiment-topology.ts')
const running = await start(program, { bootstrapServers: servers, epochMs: Number(values['epoch-ms']) })
const sender = fork(join(import.meta.dirname, 'peers/scheduled-send.ts'), [
  servers,
  `${app}.source`,
  String(merges),
  String(recordsPerSecond),
])
interface Latencies {
  p50: number
  p99: number
  max: number
}
const [{ all, warm }] = (await once(reader, 'message')) as [{ all: Latencies; warm: Latencies }]
await once(sender, 'exit')
const { accounting, isBalanced, pendingRows } = running.report()
await running.stop()
await deleteTopics(cluster, [`${app}.source`, `${app}.sink`, `${app}.dead-letter`])
await cluster.close()
console.log(
  `${Math.round(recordsPerSecond)} records/s for ${values.seconds} s, epochs of ${values['epoch-ms']} ms: ${textOf(warm)}; with the first ${warmUpMs} ms ${textOf(all)}`,
)
console.log(
  `${merges} merges, ${accounting.reduce((sum, { consumed }) => sum + consumed, 0)} offsets, balanced: ${isBalanced}, ${pendingRows} rows left`,
)

function textOf({ p50, p99, max }: Latencies): string {
  return `p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`
}
