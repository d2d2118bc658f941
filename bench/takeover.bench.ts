/**
 * How long a takeover takes while very many parts wait, by a standby without and with a table, in turns:
 * `node bench/takeover.bench.ts [--customers 1000000] [--rounds 5] [--bootstrap-servers host:port]`.
 *
 * The active process is killed with SIGKILL; from then until the standby is the active one, and has committed a record
 * more.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/core/clock.ts'
import { Cluster, createTopics, sendBatches } from '../src/kafka/index.ts'
import { noHeaders, recordBatchOf } from '../src/kernel/index.ts'
import { ExperimentSource, machineText } from './experiment-source.ts'
import { spreadOf, spreadText } from './statistics.ts'

interface Takeover {
  activeMs: number
  committedMs: number
}

const { values } = parseArgs({
  options: {
    customers: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    'bootstrap-servers': { type: 'string' },
  },
})
const refreshes = [
  { label: 'without a table', refreshMs: 0 },
  { label: 'with a table', refreshMs: 1_000 },
]

await using source = await ExperimentSource.generate(Number(values.customers), values['bootstrap-servers'])
const { bootstrapServers } = source
const cluster = new Cluster({ bootstrapServers })
const topic = await cluster.topicWhenReady(source.topic)
console.log(`${machineText()}; ${values.customers} customers of three parts each wait`)

const takeovers = refreshes.map((): Takeover[] => [])
for (let round = 0; round < Number(values.rounds); round++)
  for (const [index, { refreshMs }] of refreshes.entries())
    takeovers[index]!.push(await takeOver(`takeover-${process.pid}-${round}-${refreshMs}`, refreshMs))
await cluster.close()

console.log('\n| standby | ms from kill -9 to being the active one | to the first new commit |\n|---|---|---|')
for (const [index, { label }] of refreshes.entries()) {
  const column = (ms: (takeover: Takeover) => number) => spreadText(spreadOf(takeovers[index]!.map(ms)))
  console.log(`| ${label} | ${column(({ activeMs }) => activeMs)} | ${column(({ committedMs }) => committedMs)} |`)
}

async function takeOver(app: string, refreshMs: number): Promise<Takeover> {
  const sink = `${app}.sink`
  await createTopics(cluster, [{ name: sink, partitionCount: source.partitions }])
  await cluster.topicWhenReady(sink)
  await using active = await ready(app, sink, 0)
  await using standby = await ready(app, sink, refreshMs)
  active.process.kill('SIGKILL')
  const killedMs = systemClock.nowMs()
  await sendOne()
  const [{ activeMs, committedMs }] = (await once(standby.process, 'message')) as [Takeover]
  return { activeMs: activeMs - killedMs, committedMs: committedMs - killedMs }
}

/** A process that has begun; ends with its scope. */
async function ready(
  app: string,
  sink: string,
  refreshMs: number,
): Promise<AsyncDisposable & { process: ChildProcess }> {
  const program = join(import.meta.dirname, 'peers/pending-parts.ts')
  const child = fork(program, [bootstrapServers, app, source.topic, sink, String(refreshMs)])
  await once(child, 'message')
  return {
    process: child,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function sendOne(): Promise<void> {
  const value = Buffer.from('{"stage":"A","customerId":"another","part":1}')
  const bytes = recordBatchOf(0, systemClock.nowMs(), { key: undefined, value, ...noHeaders })
  await sendBatches(cluster, topic, [{ partition: 0, bytes }], () => {})
}
