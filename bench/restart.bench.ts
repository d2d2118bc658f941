/**
 * How long a process takes that begins again after `kill -9` on the same host: from its start until a `read_committed`
 * reader finds a new merged record, while records come all the time:
 * `npm run build && node bench/restart.bench.ts [--runs 11] [--base DIR] [--bootstrap-servers host:port]`.
 *
 * Processes run the command line of `dist`. With DIR, a built worktree of another commit, that one is measured in turns.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'
import { sleep, systemClock } from '../src/core/clock.ts'
import { Cluster, createTopics, deleteTopics, listOffsets } from '../src/kafka/index.ts'
import { startKafka } from '../tools/kafka/start.ts'
import { machineText } from './experiment-source.ts'
import { packageCli, writeExperiment } from './package-program.ts'
import { spreadOf, spreadText } from './statistics.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '11' },
    base: { type: 'string' },
    'bootstrap-servers': { type: 'string' },
  },
})
const partitionCount = 12
/** Between two customers, in milliseconds. */
const pauseMs = 8
/** After a kill, in which the broker ends what it had been asked for. */
const settleMs = 150
const stages = ['A', 'B', 'C']

await using kafka = values['bootstrap-servers'] === undefined ? await startKafka({ heapMb: 2048 }) : undefined
const bootstrapServers = kafka?.bootstrapServers ?? values['bootstrap-servers']!
const trees = [join(import.meta.dirname, '..'), ...(values.base === undefined ? [] : [values.base])]
const folder = mkdtempSync(join(tmpdir(), 'restart-bench-'))
const name = `restart-${process.pid}`
const source = `${name}.source`
const cluster = new Cluster({ bootstrapServers })
await createTopics(cluster, [
  { name: source, partitionCount },
  ...trees.map((_, at) => ({ name: sinkOf(at), partitionCount: 1 })),
])
console.log(machineText())
const producing = produceUntilStopped()
const times = trees.map((): number[] => [])
for (let round = -1; round < Number(values.runs); round++) {
  const order = round % 2 === 0 ? trees.keys() : [...trees.keys()].toReversed()
  for (const at of order) {
    const ms = await restartMs(at)
    if (round >= 0) times[at]!.push(ms)
  }
}
const [own, other] = times
console.log(`to the first new commit: ${spreadText(spreadOf(own!))} ms`)
if (other !== undefined) {
  console.log(`the other commit: ${spreadText(spreadOf(other))} ms`)
  console.log(`ratio: ${spreadText(spreadOf(own!.map((ms, round) => ms / other[round]!)), 2)}`)
}
await producing.stop()
await deleteTopics(cluster, [source, ...trees.map((_, at) => sinkOf(at))])
await cluster.close()
rmSync(folder, { recursive: true })

function sinkOf(at: number): string {
  return `${name}.sink-${at}`
}

/** Starts a program, kills it when it publishes, starts it again, and stops it when it publishes anew. */
async function restartMs(at: number): Promise<number> {
  const killed = startProgram(at)
  await untilMore(at, await published(at))
  killed.kill('SIGKILL')
  await once(killed, 'exit')
  await sleep(systemClock, settleMs)
  const before = await published(at)
  const startMs = systemClock.monotonicMs()
  const again = startProgram(at)
  await untilMore(at, before)
  const ms = systemClock.monotonicMs() - startMs
  again.kill('SIGTERM')
  await once(again, 'exit')
  return ms
}

function startProgram(at: number): ChildProcess {
  const program = join(folder, `program-${at}.mjs`)
  writeExperiment(program, trees[at]!, { name: `${name}-${at}`, source, sink: sinkOf(at) })
  const words = [packageCli(trees[at]!), 'run', program, '--bootstrap-servers', bootstrapServers]
  return spawn(process.execPath, words, { stdio: 'ignore' })
}

/** Records of a sink, with the markers of transactions, as far as they are committed. */
async function published(at: number): Promise<number> {
  const [end] = await listOffsets(cluster, await cluster.topicWhenReady(sinkOf(at)), 'latest')
  return end!
}

async function untilMore(at: number, than: number): Promise<void> {
  while ((await published(at)) <= than) await sleep(systemClock, 2)
}

function produceUntilStopped() {
  let isStopped = false
  const produced = (async () => {
    const producer = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING }).producer()
    await producer.connect()
    for (let customer = 0; !isStopped; customer++) {
      const records = stages.map((stage) => ({
        value: JSON.stringify({ customerId: `c-${customer}`, stage, part: { customer } }),
      }))
      await producer.send({ topic: source, messages: records })
      await sleep(systemClock, pauseMs)
    }
    await producer.disconnect()
  })()
  return {
    async stop() {
      isStopped = true
      await produced
    },
  }
}
