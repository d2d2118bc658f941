/**
 * The experiment by this tree and by one of another commit, in pairs on one Apache Kafka:
 * `node bench/commits.bench.ts --base DIR [--runs 15] [--warm-up 3] [--customers 1000000] [--bootstrap-servers host:port]`.
 *
 * DIR is a worktree of the other commit, installed and built. Each process is measured as a whole, from its start to
 * its end; who goes first changes with each round. Every sink is read back and verified.
 */
import { parseArgs } from 'node:util'
import { ExperimentSource, machineText, type MillraceMeasurement } from './experiment-source.ts'
import { spreadOf, spreadText } from './statistics.ts'

const { values } = parseArgs({
  options: {
    base: { type: 'string' },
    runs: { type: 'string', default: '15' },
    'warm-up': { type: 'string', default: '3' },
    customers: { type: 'string', default: '1000000' },
    'bootstrap-servers': { type: 'string' },
  },
})
const base = values.base
if (base === undefined) throw new Error('--base is required: the folder of the other commit')

const readings = {
  'rate from process start': ({ records, secondsFromStart }: MillraceMeasurement) => records / secondsFromStart,
  'rate from first fetch': ({ records, seconds }: MillraceMeasurement) => records / seconds,
  CPU: ({ cpuSeconds }: MillraceMeasurement) => cpuSeconds,
  'peak memory': ({ peakRssBytes }: MillraceMeasurement) => peakRssBytes,
}

await using source = await ExperimentSource.generate(Number(values.customers), values['bootstrap-servers'])
console.log(machineText())
const pairs: { own: MillraceMeasurement; other: MillraceMeasurement }[] = []
const warmUpRounds = Number(values['warm-up'])
for (let round = -warmUpRounds; round < Number(values.runs); round++) {
  const pair = await (round % 2 === 0 ? ownFirst(round) : otherFirst(round))
  console.log(`${round < 0 ? 'warm-up' : round + 1}: ${textOf(pair.own)}; the other commit ${textOf(pair.other)}`)
  if (round >= 0) pairs.push(pair)
}
for (const [name, reading] of Object.entries(readings)) {
  const ratios = pairs.map(({ own, other }) => reading(own) / reading(other))
  console.log(`${name}: ${spreadText(spreadOf(ratios), 3)} of the other commit's`)
}

async function ownFirst(round: number) {
  return { own: await measureOwn(round), other: await measureOther(round) }
}

async function otherFirst(round: number) {
  const other = await measureOther(round)
  return { own: await measureOwn(round), other }
}

function measureOwn(round: number): Promise<MillraceMeasurement> {
  return source.runMillrace(`commits-${process.pid}-own-${round + warmUpRounds}`)
}

function measureOther(round: number): Promise<MillraceMeasurement> {
  return source.runMillrace(`commits-${process.pid}-other-${round + warmUpRounds}`, [], base)
}

function textOf({ seconds, secondsFromStart, cpuSeconds }: MillraceMeasurement): string {
  return `${seconds.toFixed(2)} s from the first fetch, ${secondsFromStart.toFixed(2)} s in all, ${cpuSeconds.toFixed(2)} s CPU`
}
