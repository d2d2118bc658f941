/**
 * The experiment, and latency in open loop, by this tree and by one of another commit, in pairs on one Apache Kafka:
 * `npm run build && node bench/commits.bench.ts --base DIR [--runs 15] [--warm-up 3] [--customers 1000000]
 * [--latency-at 1000,150000] [--bootstrap-servers host:port]`.
 *
 * DIR is a worktree of the other commit, installed and built. The experiment is run by the packages, as users have
 * them; each process is measured as a whole, from its start to its end, and its sink is read back and verified. Latency
 * is what `latency.bench.ts` of each tree tells at these records per second. Who goes first changes with each round.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { ExperimentSource, machineText, type MillraceMeasurement } from './experiment-source.ts'
import { spreadOf, spreadText } from './statistics.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')
const latencySeconds = 9

const { values } = parseArgs({
  options: {
    base: { type: 'string' },
    runs: { type: 'string', default: '15' },
    'warm-up': { type: 'string', default: '3' },
    customers: { type: 'string', default: '1000000' },
    'latency-at': { type: 'string', default: '' },
    'bootstrap-servers': { type: 'string' },
  },
})
const base = values.base
if (base === undefined) throw new Error('--base is required: the folder of the other commit')

interface Latency {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

await using source = await ExperimentSource.generate(Number(values.customers), values['bootstrap-servers'])
console.log(machineText())
const warmUpRounds = Number(values['warm-up'])
let runCount = 0
await inPairs(
  'experiment',
  (tree) => source.runPackage(`commits-${process.pid}-${runCount++}`, tree),
  {
    'rate from process start': ({ records, secondsFromStart }: MillraceMeasurement) => records / secondsFromStart,
    'rate from first fetch': ({ records, seconds }: MillraceMeasurement) => records / seconds,
    CPU: ({ cpuSeconds }: MillraceMeasurement) => cpuSeconds,
    'peak memory': ({ peakRssBytes }: MillraceMeasurement) => peakRssBytes,
  },
  ({ seconds, secondsFromStart, cpuSeconds }) =>
    `${seconds.toFixed(2)} s from the first fetch, ${secondsFromStart.toFixed(2)} s in all, ${cpuSeconds.toFixed(2)} s CPU`,
)
for (const rate of values['latency-at'].split(',').filter((each) => each !== '')) {
  await inPairs(
    `${rate} records/s`,
    (tree) => latencyOf(tree, rate),
    {
      p50: ({ p50 }: Latency) => p50,
      p99: ({ p99 }: Latency) => p99,
      max: ({ max }: Latency) => max,
    },
    ({ p50, p99, max }) => `p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`,
  )
}

/** Measures both trees in each round, and prints each round and the ratios of all that count. */
async function inPairs<Measurement>(
  title: string,
  measure: (tree: string) => Promise<Measurement>,
  readings: Readonly<Record<string, (measurement: Measurement) => number>>,
  textOf: (measurement: Measurement) => string,
): Promise<void> {
  const pairs: { own: Measurement; other: Measurement }[] = []
  for (let round = -warmUpRounds; round < Number(values.runs); round++) {
    const trees = round % 2 === 0 ? [root, base!] : [base!, root]
    const measured = new Map<string, Measurement>()
    for (const tree of trees) measured.set(tree, await measure(tree))
    const [own, other] = [measured.get(root)!, measured.get(base!)!]
    console.log(`${title}, ${round < 0 ? 'warm-up' : round + 1}: ${textOf(own)}; the other commit ${textOf(other)}`)
    if (round >= 0) pairs.push({ own, other })
  }
  for (const [name, reading] of Object.entries(readings)) {
    const [own, other] = [pairs.map((pair) => reading(pair.own)), pairs.map((pair) => reading(pair.other))]
    const ratios = own.map((value, round) => value / other[round]!)
    console.log(`${title}, ${name}: ${spreadText(spreadOf(ratios), 3)} of the other commit's`)
  }
}

async function latencyOf(tree: string, rate: string): Promise<Latency> {
  const options = ['--rate', rate, '--share', '1', '--seconds', String(latencySeconds)]
  const servers = ['--bootstrap-servers', source.bootstrapServers]
  const { stdout } = await run(process.execPath, [join(tree, 'bench/latency.bench.ts'), ...options, ...servers])
  const found = /p50 (?<p50>[\d.]+) ms, p99 (?<p99>[\d.]+) ms, max (?<max>[\d.]+) ms/.exec(stdout)
  if (found?.groups === undefined) throw new Error(`no latency in what it printed:\n${stdout}`)
  const { p50, p99, max } = found.groups
  return { p50: Number(p50), p99: Number(p99), max: Number(max) }
}
