/**
 * The experiment against a real Apache Kafka, interleaved with clients that merely read its source:
 * `node bench/experiment.bench.ts [--runs 5] [--customers 1000000] [--bootstrap-servers host:port]`.
 *
 * Every measurement is a process of its own; each round runs all of them once, in turn, so that a slow moment of the
 * machine meets all alike. Every sink is read back and verified. One clock: first fetch request to last batch handed
 * over; for Millrace to the acknowledgement of the last offset commit.
 */
import { execFile } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { createTopics, Cluster, deleteTopics } from '../src/kafka/index.ts'
import { runOptions } from '../src/streams/index.ts'
import { startKafka } from '../tools/kafka/start.ts'
import type { ReadMeasurement } from './peers/measured-read.ts'
import { spreadOf, spreadText } from './statistics.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')
const partitions = 12
/** The experiment's records are stamped with a time long ago. */
const configs = { 'retention.ms': '-1' }

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    customers: { type: 'string', default: '1000000' },
    'bootstrap-servers': { type: 'string' },
  },
})
const customers = Number(values.customers)
const records = customers * 3
const fetchBytes = runOptions.fetchBytes.default
const partitionBytes = runOptions.partitionFetchBytes.default

await using kafka = values['bootstrap-servers'] === undefined ? await startKafka({ heapMb: 2048 }) : undefined
const servers = kafka?.bootstrapServers ?? values['bootstrap-servers']!
const cluster = new Cluster({ bootstrapServers: servers })
const suffix = process.pid
const source = `bench-source-${suffix}`

console.log(`node ${process.version}, ${cpus().length} x ${cpus()[0]!.model}, ${Math.round(totalmem() / 2 ** 30)} GiB`)
console.log(
  `fetch ${fetchBytes} bytes, ${partitionBytes} a partition; ${records} records, ${partitions} partitions; broker ${servers}`,
)
await createTopics(cluster, [{ name: source, partitionCount: partitions, configs }])
await cli('generate', '--topic', source, '--customers', String(customers))

const peers = ['millrace', 'kafkajs', '@platformatic/kafka'] as const
/** What is used of the report of `run`. */
interface RunReport extends Omit<ReadMeasurement, 'secondsFromStart'> {
  correlationRate: number
}

type Peer = (typeof peers)[number]
const results: Record<Peer, ReadMeasurement[]> = { millrace: [], kafkajs: [], '@platformatic/kafka': [] }
const correlationRates: number[] = []

for (let round = 0; round < Number(values.runs); round++) {
  for (const peer of peers) {
    const result = await measure(peer, round)
    results[peer].push(result)
    console.log(
      `${round + 1} ${peer.padEnd(20)} ${Math.round(result.records / result.seconds)} records/s, ${result.cpuSeconds.toFixed(2)} s CPU`,
    )
  }
}
await deleteTopics(cluster, [source])
await cluster.close()
printTable()

async function measure(peer: Peer, round: number): Promise<ReadMeasurement> {
  if (peer === 'millrace') return measureMillrace(round)
  const script = peer === 'kafkajs' ? 'kafkajs-read.ts' : 'platformatic-read.ts'
  const words = [servers, source, String(records), String(fetchBytes), String(partitionBytes)]
  const { stdout } = await run(process.execPath, [join(root, 'bench/peers', script), ...words])
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as ReadMeasurement
}

async function measureMillrace(round: number): Promise<ReadMeasurement> {
  const app = `bench-${suffix}-${round}`
  const sink = `${app}.sink`
  await createTopics(cluster, [{ name: sink, partitionCount: partitions, configs }])
  await cluster.topicWhenReady(sink)
  const startedMs = performance.now()
  const env = { BENCH_APP: app, BENCH_SOURCE: source, BENCH_SINK: sink }
  const report = await cli('run', join(root, 'bench/experiment-topology.ts'), '--until-caught-up', env)
  const secondsFromStart = (performance.now() - startedMs) / 1_000
  await cli('verify', '--topic', sink, '--customers', String(customers))
  await deleteTopics(cluster, [sink, `${app}.dead-letter`])
  correlationRates.push(report.correlationRate)
  return { ...report, secondsFromStart }
}

/** Runs a command of the command line; what it reports. Fails when the command does. */
async function cli(...call: (string | Record<string, string>)[]): Promise<RunReport> {
  const env = call.find((word) => typeof word === 'object') ?? {}
  const words = call.filter((word) => typeof word === 'string')
  const command = [join(root, 'src/cli/main.ts'), ...words, '--json', '--bootstrap-servers', servers]
  const { stdout } = await run(process.execPath, command, { env: { ...process.env, ...env } })
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as RunReport
}

function printTable(): void {
  const rateOf = ({ records: count, seconds }: ReadMeasurement) => count / seconds
  console.log('\n| peer | records/s | from process start | µs CPU per record | peak MiB | ratio to kafkajs |')
  console.log('|---|---|---|---|---|---|')
  for (const peer of peers) {
    const runs = results[peer]
    const cells = [
      peer,
      spreadText(spreadOf(runs.map(rateOf))),
      spreadText(spreadOf(runs.map((result) => result.records / result.secondsFromStart))),
      spreadText(spreadOf(runs.map((result) => (result.cpuSeconds * 1e6) / result.records)), 2),
      spreadText(spreadOf(runs.map((result) => result.peakRssBytes / 2 ** 20))),
      // Within a round, so that both met the same moment of the machine.
      spreadText(spreadOf(runs.map((result, round) => rateOf(result) / rateOf(results.kafkajs[round]!))), 2),
    ]
    console.log(`| ${cells.join(' | ')} |`)
  }
  console.log(`\nmillrace merged ${spreadText(spreadOf(correlationRates))} records/s; every sink verified`)
}
