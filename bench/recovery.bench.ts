/**
 * What a recovery at half way through the experiment costs, in turns with programs that merely read the same records:
 * `node bench/recovery.bench.ts [--runs 5] [--warm-up 5] [--customers 1000000] [--bootstrap-servers host:port]`.
 *
 * The source is the first half of the experiment's records. A program consumes it and is killed with SIGKILL; then it
 * is started again and again, until all pending parts are in its table and compared with the checkpoint, and killed.
 * Every measurement is a process of its own; one clock: from the first fetch.
 */
import { type ChildProcess, execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { experimentBatches } from '../src/cli/experiment/index.ts'
import { Cluster, createTopics, deleteTopics, sendBatches } from '../src/kafka/index.ts'
import { runOptions } from '../src/streams/index.ts'
import { startKafka } from '../tools/kafka/start.ts'
import { lastLineOf, machineText } from './experiment-source.ts'
import type { ReadMeasurement } from './peers/measured-read.ts'
import type { Recovery } from './peers/recovering.ts'
import { spreadOf, spreadText } from './statistics.ts'

const run = promisify(execFile)

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    'warm-up': { type: 'string', default: '5' },
    customers: { type: 'string', default: '1000000' },
    'bootstrap-servers': { type: 'string' },
  },
})
const customers = Number(values.customers)
const partitionCount = 12
/** The experiment's records are stamped with a time long ago. */
const configs = { 'retention.ms': '-1' }
const fetchSizes = [runOptions.fetchBytes.default, runOptions.partitionFetchBytes.default].map(String)
const readers = ['raw-fetch-read.ts', 'kafkajs-read.ts', 'platformatic-read.ts', 'bare-read.ts'] as const

await using kafka = values['bootstrap-servers'] === undefined ? await startKafka({ heapMb: 2048 }) : undefined
const bootstrapServers = kafka?.bootstrapServers ?? values['bootstrap-servers']!
const app = `recovery-${process.pid}`
const [source, sink] = [`${app}.source`, `${app}.sink`]
const cluster = new Cluster({ bootstrapServers })
await createTopics(
  cluster,
  [source, sink].map((name) => ({ name, partitionCount, configs })),
)
await cluster.topicWhenReady(sink)
let records = 0
await sendBatches(cluster, await cluster.topicWhenReady(source), firstHalf(), () => {})
console.log(`${machineText()}; ${records} records, broker ${bootstrapServers}`)

await killedWhen((message) => message === 'caught up')
const recoveries: Recovery[] = []
const reads: Record<string, ReadMeasurement[]> = Object.fromEntries(readers.map((reader) => [reader, []]))
for (let round = -Number(values['warm-up']); round < Number(values.runs); round++) {
  const recovery = (await killedWhen((message) => typeof message === 'object')) as Recovery
  if (round >= 0) recoveries.push(recovery)
  for (const reader of readers) {
    const words = [join(import.meta.dirname, 'peers', reader), bootstrapServers, source, String(records), ...fetchSizes]
    const measurement = lastLineOf((await run(process.execPath, words)).stdout) as ReadMeasurement
    if (round >= 0) reads[reader]!.push(measurement)
  }
}
printTable()
await deleteTopics(cluster, [source, sink, `${app}.dead-letter`, `${app}.checkpoint`])
await cluster.close()

function* firstHalf() {
  for (const batch of experimentBatches({ customers, seed: 1, partitions: partitionCount })) {
    if (records >= (customers * 3) / 2) return
    records += batch.recordCount
    yield batch
  }
}

/** Starts the program and kills it when it says what is waited for, which is returned. */
async function killedWhen(isIt: (message: unknown) => boolean): Promise<unknown> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'peers/recovering.ts'), [bootstrapServers], {
    env: { ...process.env, BENCH_APP: app, BENCH_SOURCE: source, BENCH_SINK: sink },
  })
  const ended = new AbortController()
  child.once('exit', (code) => ended.abort(new Error(`the program ended with ${code}`)))
  for (;;) {
    const [message] = await once(child, 'message', { signal: ended.signal })
    if (!isIt(message)) continue
    child.kill('SIGKILL')
    if (!ended.signal.aborted) await once(child, 'exit')
    return message
  }
}

function printTable(): void {
  console.log(`\n${recoveries[0]!.pending} parts wait\n`)
  console.log('| | ms from the first fetch | from process start | ms of recovery to one of it |\n|---|---|---|---|')
  const own = recoveries.map(({ ms }) => ms)
  printRow(
    'recovery',
    own,
    recoveries.map(({ fromStartMs }) => fromStartMs),
  )
  for (const reader of readers) {
    const ms = reads[reader]!.map(({ seconds }) => seconds * 1_000)
    const fromStartMs = reads[reader]!.map(({ secondsFromStart }) => secondsFromStart * 1_000)
    // Within a round, so that both met the same moment of the machine.
    const ratios = own.map((recoveryMs, round) => recoveryMs / ms[round]!)
    printRow(reader, ms, fromStartMs, spreadText(spreadOf(ratios), 2))
  }
}

function printRow(label: string, ms: number[], fromStartMs: number[], ratio = ''): void {
  console.log(`| ${[label, spreadText(spreadOf(ms)), spreadText(spreadOf(fromStartMs)), ratio].join(' | ')} |`)
}
