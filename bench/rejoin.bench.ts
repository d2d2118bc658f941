/**
 * How long tasks pause when a member joins, leaves, or is killed, while records come at a steady rate and rows are
 * pending: `npm run build && node bench/rejoin.bench.ts [--pending 100000] [--rate 3000] [--tasks 12] [--layout keyed]
 * [--rounds 1]`.
 *
 * Members are processes of the built package. A change begins with the start of a process, or with the signal or the
 * word to end; one that is restarted begins again 4 s after that. The pauses of a task are the gaps between its epochs,
 * by the times at which these were closed, which their manifests say. A task that has moved is told apart from one that
 * has stayed with its member. `--verbose` prints with times what members tell an operator, by which the steps of a
 * change can be told.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'
import { sleep, systemClock } from '../src/core/clock.ts'
import { Cluster, createTopics, partitionForKey } from '../src/kafka/index.ts'
import { readTopic } from '../test/integration/read-topic.ts'
import { startKafka } from '../tools/kafka/start.ts'
import { machineText } from './experiment-source.ts'

const { values } = parseArgs({
  options: {
    pending: { type: 'string', default: '100000' },
    rate: { type: 'string', default: '3000' },
    tasks: { type: 'string', default: '12' },
    layout: { type: 'string', default: 'keyed' },
    rounds: { type: 'string', default: '1' },
    verbose: { type: 'boolean', default: false },
  },
})
const [pendingRows, rate, taskCount] = [values.pending, values.rate, values.tasks].map(Number) as [
  number,
  number,
  number,
]
/** Between two changes: what one has led to is over. */
const calmMs = 8_000
const sendEveryMs = 50
const rowsPerSend = 5_000
const sides = ['A', 'B', 'C']

await using kafka = await startKafka({ heapMb: 1024 })
const { bootstrapServers } = kafka
const cluster = new Cluster({ bootstrapServers })
const client = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING })
const producer = client.producer()
await producer.connect()
console.log(`${machineText()}; ${values.layout}, ${pendingRows} pending rows, ${rate} records/s, ${taskCount} tasks`)
for (let round = 0; round < Number(values.rounds); round++) await measure(`rejoin-${process.pid}-${round}`)
await producer.disconnect()
await cluster.close()

interface Commit {
  readonly atMs: number
  readonly writer: string
}

async function measure(app: string): Promise<void> {
  const [source, sink] = [`${app}.source`, `${app}.sink`]
  await createTopics(cluster, [
    { name: source, partitionCount: taskCount },
    { name: sink, partitionCount: taskCount },
  ])
  await cluster.topicWhenReady(source)
  await cluster.topicWhenReady(sink)
  let customers = 0
  const send = async (count: number, of: readonly string[]) => {
    const messages = Array.from({ length: count }, () => `c${customers++}`).flatMap((customerId) => {
      const partition = partitionForKey(Buffer.from(customerId), taskCount)
      return of.map((stage, part) => ({ partition, value: JSON.stringify({ stage, customerId, part }) }))
    })
    await producer.send({ topic: source, messages })
  }
  for (let sent = 0; sent < pendingRows; sent += rowsPerSend)
    await send(Math.min(rowsPerSend, pendingRows - sent), ['A'])

  const members: ChildProcess[] = []
  const env = { BENCH_APP: app, BENCH_SOURCE: source, BENCH_SINK: sink, BENCH_LAYOUT: values.layout }
  const add = () => {
    const file = join(import.meta.dirname, 'layout-member.ts')
    const settings = {
      BENCH_TREE: join(import.meta.dirname, '..'),
      BENCH_SERVERS: bootstrapServers,
      BENCH_TELLS: values.verbose ? '1' : '',
    }
    members.push(fork(file, { env: { ...process.env, ...env, ...settings } }))
  }
  const flow = new AbortController()
  const flowing = sendOn(send, flow.signal)
  const events: { readonly name: string; readonly atMs: number }[] = []
  const event = async (name: string, change: () => void) => {
    events.push({ name, atMs: systemClock.nowMs() })
    if (values.verbose) console.error(`--- ${name}`)
    change()
    await sleep(systemClock, calmMs)
  }
  const restarted = async () => {
    members.shift()!.send('stop')
    await sleep(systemClock, calmMs / 2)
    add()
  }
  await event('first', add)
  await event('second joins', add)
  await event('third joins', add)
  await event('fourth joins', add)
  await event('one is killed with -9', () => void members.splice(1, 1)[0]!.kill('SIGKILL'))
  await event('another joins', add)
  await event('one leaves', () => void members.shift()!.send('stop'))
  for (let at = 0; at < 3; at++) await event('one is restarted', () => void restarted())
  flow.abort()
  await flowing
  const exits = members.map((child) => once(child, 'exit'))
  for (const child of members) child.send('stop')
  await Promise.all(exits)
  const correlation = values.layout === 'routed' ? `${app}.by-customer` : app
  report(events, await commitsOf(`${correlation}.tasks`))
}

async function sendOn(send: (count: number, of: readonly string[]) => Promise<void>, signal: AbortSignal) {
  const perSend = Math.ceil((rate * sendEveryMs) / 1_000 / sides.length)
  while (!signal.aborted) {
    await send(perSend, sides)
    await sleep(systemClock, sendEveryMs)
  }
}

/** By task, in their order. */
async function commitsOf(tasksTopic: string): Promise<Commit[][]> {
  const commits = Array.from({ length: taskCount }, (): Commit[] => [])
  for (const { partition, key, value } of await readTopic(bootstrapServers, tasksTopic)) {
    if (key !== 'manifest') continue
    const { closedMs, task } = JSON.parse(value!) as {
      readonly closedMs: number
      readonly task: { readonly writer: string }
    }
    commits[partition]!.push({ atMs: closedMs, writer: task.writer })
  }
  return commits
}

function report(events: readonly { readonly name: string; readonly atMs: number }[], commits: readonly Commit[][]) {
  console.log(
    '\n| change | tasks moved | first commit of a moved task, ms after | longest pause of one that moved | pauses above 300 ms of the others | longest |\n|---|---|---|---|---|---|',
  )
  for (const [index, { name, atMs }] of events.entries()) {
    if (index === 0) continue
    const endMs = events[index + 1]?.atMs ?? atMs + calmMs
    const moved: { afterMs: number; pauseMs: number }[] = []
    const stayed: number[][] = []
    for (const ofTask of commits) {
      const before = ofTask.findLast((commit) => commit.atMs < atMs)
      const during = ofTask.filter((commit) => commit.atMs >= atMs && commit.atMs < endMs)
      if (before === undefined || during.length === 0) {
        console.log(`(a task has not committed between ${name} and the next change)`)
        continue
      }
      const all = [before, ...during]
      const gaps = during.map((commit, at) => commit.atMs - all[at]!.atMs)
      const first = during.find(({ writer }) => writer !== before.writer)
      if (first === undefined) stayed.push(gaps)
      else moved.push({ afterMs: first.atMs - atMs, pauseMs: Math.max(...gaps) })
    }
    const long = stayed.map((gaps) => gaps.filter((gap) => gap > 300).length)
    const most = (all: readonly number[]) => (all.length === 0 ? '-' : String(Math.max(...all)))
    console.log(
      `| ${name} | ${moved.length} | ${most(moved.map(({ afterMs }) => afterMs))} | ${most(moved.map(({ pauseMs }) => pauseMs))} | ${most(long)} | ${most(stayed.flat())} |`,
    )
  }
}
