import { Reader, Writer, createTopics as createTopicsApi, fetch, produce } from '../src/protocol/index.ts'
/**
 * What the embedded broker does, seen from bare sockets: time to the first accepted connection, produce and fetch of
 * prebuilt batches, a thousand topics. `node bench/broker.bench.ts [--mib 512] [--runs 5] [--built] [--demo]`;
 * `--built` takes the broker from `dist`, where no types have to be stripped at its start; `--demo` also runs the
 * experiment's demo and states its memory.
 *
 * The broker has one core, the sockets have the other.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import type * as embedded from '../src/broker/index.ts'
import { recordBatch } from '../test/contract/batches.ts'
import { BareClient } from './bare-client.ts'
import { spreadOf, spreadText } from './statistics.ts'

const mebibyte = 1024 * 1024
const partitions = 12
const connections = 2
const batchBytes = 64 * 1024
const recordBytes = 160
const produceVersion = 9
const fetchVersion = 12
const topic = 'bench'
const batchHeaderBytes = 61
const recordOverheadBytes = 9
const batch = prebuilt()
const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '512' },
    runs: { type: 'string', default: '5' },
    built: { type: 'boolean', default: false },
    demo: { type: 'boolean', default: false },
  },
})
const entry = values.built ? '../dist/broker/index.js' : '../src/broker/index.ts'
const { startBroker } = (await import(entry)) as typeof embedded
const runs = Number(values.runs)
const rounds = Math.ceil((Number(values.mib) * mebibyte) / (partitions * batchBytes))

const startMs: number[] = []
const produced: number[] = []
const fetched: number[] = []
const thousandTopicsMs: number[] = []
for (let run = 0; run < runs; run++) {
  const startedMs = performance.now()
  await using broker = await startBroker()
  await using _accepted = await BareClient.connect(broker)
  startMs.push(performance.now() - startedMs)

  await createTopics(broker, [topic], partitions)
  produced.push(await megabytesPerSecond(() => produceAll(broker)))
  fetched.push(await megabytesPerSecond(() => fetchAll(broker)))

  const names = Array.from({ length: 1_000 }, (_, i) => `topic-${i}`)
  const askedMs = performance.now()
  await createTopics(broker, names, partitions)
  thousandTopicsMs.push(performance.now() - askedMs)
}
console.log(`start to first accepted connection  ${spreadText(spreadOf(startMs), 1)} ms`)
console.log(`produce, batches of 64 KiB          ${spreadText(spreadOf(produced))} MB/s`)
console.log(`fetch                               ${spreadText(spreadOf(fetched))} MB/s`)
console.log(`1,000 topics of ${partitions} partitions        ${spreadText(spreadOf(thousandTopicsMs), 1)} ms`)
if (values.demo) {
  const main = join(import.meta.dirname, '../src/cli/main.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'demo', '--json'])
  const { peakRssBytes } = JSON.parse(stdout.trim().split('\n').at(-1)!) as { peakRssBytes: number }
  console.log(`peak memory of the demo, all in one  ${Math.round(peakRssBytes / mebibyte)} MiB`)
}

/** Sends the same request again and again, a batch for each of its partitions, four of them unanswered at a time. */
async function produceAll(broker: embedded.Broker): Promise<number> {
  await Promise.all(
    partitionsByConnection().map(async (mine) => {
      await using client = await BareClient.connect(broker)
      const request = frame(produce.key, produceVersion, (writer) =>
        produce.request.write(writer, {
          transactionalId: null,
          acks: -1,
          timeoutMs: 10_000,
          topicData: [{ name: topic, partitionData: mine.map((index) => ({ index, records: [batch] })) }],
        }),
      )
      for (let sent = 0, answered = 0; answered < rounds;) {
        while (sent < rounds && sent < answered + 4) {
          client.send(request)
          sent += 1
        }
        await client.answer()
        answered += 1
      }
    }),
  )
  return rounds * partitions * batch.length
}

/** Reads everything from the beginning; the next request goes out as soon as the positions after the last are known. */
async function fetchAll(broker: embedded.Broker): Promise<number> {
  const expectedBytes = rounds * batch.length
  const read = await Promise.all(
    partitionsByConnection().map(async (mine) => {
      await using client = await BareClient.connect(broker)
      const positions = new Map(mine.map((partition) => [partition, 0]))
      let bytes = 0
      while (bytes < expectedBytes * mine.length) {
        client.send(frame(fetch.key, fetchVersion, (writer) => fetch.request.write(writer, fetchRequest(positions))))
        const reader = new Reader(await client.answer())
        reader.version = fetchVersion
        reader.flexible = true
        reader.skip(5)
        for (const { partitionIndex, records } of fetch.response.read(reader).responses[0]!.partitions) {
          bytes += whole(records!, (recordCount) =>
            positions.set(partitionIndex, positions.get(partitionIndex)! + recordCount),
          )
        }
      }
      return bytes
    }),
  )
  return read.reduce((sum, bytes) => sum + bytes, 0)
}

function fetchRequest(positions: Map<number, number>) {
  const asked = [...positions].map(([partition, fetchOffset]) => ({
    partition,
    fetchOffset,
    partitionMaxBytes: mebibyte,
  }))
  return {
    maxWaitMs: 1_000,
    minBytes: 1,
    maxBytes: 50 * mebibyte,
    isolationLevel: 0,
    topics: [{ topic, partitions: asked }],
  }
}

/** Bytes of the whole batches in fetched bytes; tells the records of each. */
function whole(records: Buffer, onBatch: (recordCount: number) => void): number {
  let at = 0
  while (at + 61 <= records.length && at + 12 + records.readInt32BE(at + 8) <= records.length) {
    onBatch(records.readInt32BE(at + 57))
    at += 12 + records.readInt32BE(at + 8)
  }
  return at
}

async function createTopics(broker: embedded.Broker, names: string[], numPartitions: number): Promise<void> {
  await using client = await BareClient.connect(broker)
  const settings = { numPartitions, replicationFactor: 1, assignments: [], configs: [] }
  const topics = names.map((name) => ({ name, ...settings }))
  client.send(
    frame(createTopicsApi.key, 7, (writer) =>
      createTopicsApi.request.write(writer, { topics, timeoutMs: 10_000, validateOnly: false }),
    ),
  )
  await client.answer()
}

function frame(key: number, version: number, writeBody: (writer: Writer) => void): Buffer {
  const header = new Writer(1, false)
  header.int32(0)
  header.int16(key)
  header.int16(version)
  header.int32(1)
  header.string('bench')
  header.int8(0)
  const body = new Writer(version, true)
  writeBody(body)
  const bytes = Buffer.concat([...header.finish(), ...body.finish()])
  bytes.writeInt32BE(bytes.length - 4, 0)
  return bytes
}

function partitionsByConnection(): number[][] {
  return Array.from({ length: connections }, (_, connection) =>
    Array.from({ length: partitions / connections }, (_, i) => i * connections + connection),
  )
}

/** As many records as fit. */
function prebuilt(): Buffer {
  const value = 'x'.repeat(recordBytes - recordOverheadBytes)
  const one = recordBatch([value]).length
  const count = Math.floor((batchBytes - batchHeaderBytes) / (one - batchHeaderBytes + 1))
  return recordBatch(Array.from({ length: count }, () => value))
}

async function megabytesPerSecond(transfer: () => Promise<number>): Promise<number> {
  const startedMs = performance.now()
  const bytes = await transfer()
  return bytes / 1_000 / (performance.now() - startedMs)
}
