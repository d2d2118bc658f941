/**
 * How long a start takes that reads the rows of a table back: `node bench/tables.bench.ts [--rows 1000000]`. A program
 * fills a table, at the embedded broker in a thread of this process, and is started again, a few times; told is the time
 * from `start` until all is there, and the CPU time of the main thread, beside that of the same program without rows.
 */
import { parseArgs } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'
import { startBroker } from '../src/broker/index.ts'
import { field, stage, start, table, topology } from '../src/streams/index.ts'
import { number, text } from '../src/state/index.ts'
import { spreadOf, spreadText } from './statistics.ts'

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, starts: { type: 'string', default: '5' } },
})
const rowCount = Number(values.rows)
const rowsPerRecord = 10
const startCount = Number(values.starts)

await using broker = await startBroker({
  topics: ['source', 'sink'].map((name) => ({ name, partitions: 1 })),
})
const { bootstrapServers } = broker
const kafka = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING })
const producer = kafka.producer()
await producer.connect()
const messages = Array.from({ length: rowCount / rowsPerRecord }, (_, at) => ({
  value: JSON.stringify({ first: at * rowsPerRecord }),
}))
for (let at = 0; at < messages.length; at += 5_000) {
  await producer.send({ topic: 'source', messages: messages.slice(at, at + 5_000) })
}
await producer.disconnect()

const rows = table('rows', { key: text, value: number, bytesMax: 2 ** 30 })

/** Each record fills ten rows with keys of 20 characters, and is left out. */
const program = (name: string, isFilling: boolean) =>
  topology(name)
    .tables(rows)
    .source<{ readonly first: number }>('source')
    .filter('fill', ({ first }, record) => {
      const own = record.table(rows)
      for (let at = first; isFilling && at < first + rowsPerRecord; at++)
        own.set(`row-${String(at).padStart(16, '0')}`, at)
      return false
    })
    .route('by-side', field('side'), { A: stage(), B: stage() })
    .correlate('by-key', field('key'), { of: ['A', 'B'] })
    .sink('sink')

console.log(`node ${process.version}, ${startCount} starts, milliseconds from start until caught up, and of CPU`)
for (const isFilling of [false, true]) {
  const topologyOf = () => program(isFilling ? 'filled' : 'empty', isFilling)
  const filled = await measuredStart(topologyOf())
  const starts: Measured[] = []
  for (let at = 0; at < startCount; at++) starts.push(await measuredStart(topologyOf()))
  const spreadTextOf = (of: (each: Measured) => number) => spreadText(spreadOf(starts.map(of)), 0)
  const texts = [spreadTextOf(({ ms }) => ms), spreadTextOf(({ cpuMs }) => cpuMs)]
  const count = isFilling ? rowCount : 0
  console.log(`${count} rows: ${texts.join(', CPU ')}; the first start, which fills them, ${filled.ms.toFixed(0)}`)
}

interface Measured {
  readonly ms: number
  /** Of the main thread. */
  readonly cpuMs: number
}

async function measuredStart(topologyStarted: ReturnType<typeof program>): Promise<Measured> {
  const began = performance.now()
  const cpuBegan = process.threadCpuUsage()
  await using app = await start(topologyStarted, { bootstrapServers })
  await app.caughtUp
  const { user, system } = process.threadCpuUsage(cpuBegan)
  return { ms: performance.now() - began, cpuMs: (user + system) / 1_000 }
}
