/**
 * The experiment against a real Apache Kafka, interleaved with clients that merely read its source:
 * `node bench/experiment.bench.ts [--runs 5] [--warm-up 10] [--customers 1000000] [--bootstrap-servers host:port]`.
 *
 * Every measurement is a process of its own; each round runs all of them once, in turn, so that a slow moment of the
 * machine meets all alike. The first rounds do not count: a broker that has just started compiles itself, which takes
 * most of a core from whoever needs both. Every sink is read back and verified. One clock: first fetch request to last
 * batch handed over; for Millrace to the acknowledgement of the last offset commit.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { runOptions } from '../src/streams/index.ts'
import { ExperimentSource, lastLineOf, machineText } from './experiment-source.ts'
import type { ReadMeasurement } from './peers/measured-read.ts'
import { spreadOf, spreadText } from './statistics.ts'

const run = promisify(execFile)

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    'warm-up': { type: 'string', default: '10' },
    customers: { type: 'string', default: '1000000' },
    'bootstrap-servers': { type: 'string' },
  },
})
const fetchBytes = runOptions.fetchBytes.default
const partitionBytes = runOptions.partitionFetchBytes.default

await using source = await ExperimentSource.generate(Number(values.customers), values['bootstrap-servers'])
const records = source.customers * 3
console.log(machineText())
console.log(
  `fetch ${fetchBytes} bytes, ${partitionBytes} a partition; ${records} records, ${source.partitions} partitions; broker ${source.bootstrapServers}`,
)

const peers = ['millrace', 'kafkajs', '@platformatic/kafka'] as const
type Peer = (typeof peers)[number]
const results: Record<Peer, ReadMeasurement[]> = { millrace: [], kafkajs: [], '@platformatic/kafka': [] }
const correlationRates: number[] = []

const warmUpRounds = Number(values['warm-up'])
for (let round = -warmUpRounds; round < Number(values.runs); round++) {
  for (const peer of peers) {
    const result = await measure(peer, round)
    if (round >= 0) results[peer].push(result)
    console.log(
      `${round < 0 ? 'warm-up' : round + 1} ${peer.padEnd(20)} ${Math.round(result.records / result.seconds)} records/s, ${result.cpuSeconds.toFixed(2)} s CPU`,
    )
  }
}
printTable()

async function measure(peer: Peer, round: number): Promise<ReadMeasurement> {
  if (peer === 'millrace') return measureMillrace(round)
  const script = peer === 'kafkajs' ? 'kafkajs-read.ts' : 'platformatic-read.ts'
  const words = [source.bootstrapServers, source.topic, String(records), String(fetchBytes), String(partitionBytes)]
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'peers', script), ...words])
  return lastLineOf(stdout) as ReadMeasurement
}

async function measureMillrace(round: number): Promise<ReadMeasurement> {
  const measurement = await source.runMillrace(`bench-${process.pid}-${round + warmUpRounds}`)
  if (round >= 0) correlationRates.push(measurement.correlationRate)
  return measurement
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
