/**
 * The experiment exactly once, by Millrace and by Kafka Streams, interleaved on one Apache Kafka:
 * `node bench/exactly-once.bench.ts [--runs 5] [--customers 1000000] [--interval-ms 100] [--bootstrap-servers host:port]`.
 *
 * Kafka Streams commits by its own default interval and, where that is another, by the one that Millrace is given.
 * Every run is a process of its own on fresh topics, and its sink is verified byte for byte. One clock: to the last
 * merge readable with `read_committed`, asked of the broker by each program itself; from the first fetch for Millrace,
 * from the first record processed for Kafka Streams. The last line is all measurements as JSON.
 */
import { parseArgs } from 'node:util'
import { runOptions } from '../src/streams/index.ts'
import { ExperimentSource, machineText } from './experiment-source.ts'
import {
  buildKafkaStreams,
  commitIntervalMsDefault,
  javaOptions,
  type KafkaStreamsMeasurement,
  runKafkaStreams,
  settings,
} from './peers/kafka-streams.ts'
import { spreadOf, spreadText } from './statistics.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    customers: { type: 'string', default: '1000000' },
    'interval-ms': { type: 'string', default: String(runOptions.epochMs.default) },
    'bootstrap-servers': { type: 'string' },
  },
})
const intervalMs = Number(values['interval-ms'])

await buildKafkaStreams()
await using source = await ExperimentSource.generate(Number(values.customers), values['bootstrap-servers'])
console.log(machineText())
console.log(`${source.customers * 3} records, ${source.partitions} partitions; broker ${source.bootstrapServers}`)
console.log(`millrace: --epoch-ms ${intervalMs}`)
console.log(`kafka streams: java ${javaOptions.join(' ')}; ${JSON.stringify(settings)}`)

interface Program {
  name: string
  run: (app: string) => Promise<KafkaStreamsMeasurement>
  measurements: KafkaStreamsMeasurement[]
}
const millrace: Program = {
  name: `millrace, ${intervalMs} ms`,
  run: (app) => source.runMillrace(app, ['--epoch-ms', String(intervalMs)]),
  measurements: [],
}
/** The same program with committing switched off, as far as its results are to be seen: one epoch, to the end. */
const uncommitted: Program = {
  name: 'millrace, one commit at the end',
  run: (app) =>
    source.runMillrace(app, ['--epoch-ms', '60000', '--epoch-idle-ms', '60000', '--epoch-bytes', String(2 ** 40)]),
  measurements: [],
}
const kafkaStreams = [...new Set([commitIntervalMsDefault, intervalMs])].map((commitIntervalMs): Program => ({
  name: `kafka streams, ${commitIntervalMs} ms`,
  run: (app) => runKafkaStreams(source, app, commitIntervalMs),
  measurements: [],
}))
const programs = [millrace, uncommitted, ...kafkaStreams]

for (let round = 0; round < Number(values.runs); round++) {
  for (const [index, { name, run, measurements }] of programs.entries()) {
    const { correlationRate, cpuSeconds, peakRssBytes } = await run(`bench-${process.pid}-${round}-${index}`)
    measurements.push({ correlationRate, cpuSeconds, peakRssBytes })
    console.log(`${round + 1} ${name.padEnd(32)} ${correlationRate} merges/s`)
  }
}

console.log('\n| program, interval | merges/s | CPU s | peak MiB | millrace is faster by |')
console.log('|---|---|---|---|---|')
for (const { name, measurements } of programs) {
  const cells = [
    name,
    spreadText(spreadOf(measurements.map(({ correlationRate }) => correlationRate))),
    spreadText(spreadOf(measurements.map(({ cpuSeconds }) => cpuSeconds)), 1),
    spreadText(spreadOf(measurements.map(({ peakRssBytes }) => peakRssBytes / 2 ** 20))),
    // Within a round, so that both met the same moment of the machine.
    spreadText(
      spreadOf(
        measurements.map(
          ({ correlationRate }, round) => millrace.measurements[round]!.correlationRate / correlationRate,
        ),
      ),
      1,
    ),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}
const results = programs.map(({ name, measurements }) => ({ name, measurements }))
console.log(`\n${JSON.stringify({ machine: machineText(), settings, javaOptions, results })}`)
