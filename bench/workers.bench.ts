/**
 * What threads for functions are worth, without a broker: `node bench/workers.bench.ts [--rounds 7] [--customers 100000]
 * [--workers 2] [--micros 0,1,2,5,10,20]`. The experiment from memory, each of whose records costs so many microseconds in
 * a function. One process with workers is compared with as many processes as there are workers, which share the records
 * and know nothing of each other, and with one process without workers. Each round runs all in turn. At the end: from
 * which of these costs on the workers pay, that is make more records a second than none on as many cores.
 */
import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/core/clock.ts'
import { work } from './busy-part.ts'
import { machineText } from './experiment-source.ts'
import { spreadOf, spreadText } from './statistics.ts'
import { type TimedProcesses, timedProcesses } from './timed-processes.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    customers: { type: 'string', default: '100000' },
    workers: { type: 'string', default: '2' },
    micros: { type: 'string', default: '0,1,2,5,10,20' },
  },
})
const [customers, workers, rounds] = [Number(values.customers), Number(values.workers), Number(values.rounds)]

console.log(`${machineText()}; ${rounds} rounds: median [least – most]`)
const roundsPerMicro = calibrate()
/** The least cost from which on workers have paid; undefined where the last one did not. */
let paysFrom: number | undefined
for (const micros of values.micros.split(',').map(Number)) {
  const ratios: [number[], number[], number[], number[]] = [[], [], [], []]
  for (let round = 0; round < rounds; round++) {
    const processes = await run(workers, 0, micros)
    const alone = await run(1, 0, micros)
    const placed = await run(1, workers, micros)
    ratios[0].push(processes.seconds / placed.seconds)
    ratios[1].push(alone.seconds / placed.seconds)
    ratios[2].push(placed.cpuSeconds / processes.cpuSeconds)
    ratios[3].push(((placed.cpuSeconds - alone.cpuSeconds) * 1e6) / (customers * 3))
  }
  paysFrom = spreadOf(ratios[1]).median > 1 ? (paysFrom ?? micros) : undefined
  const [beside, over, cpu, more] = ratios.map((each) => spreadText(spreadOf(each), 2))
  console.log(`${micros} µs a record, ${workers} workers: rate ${beside} of ${workers} processes, ${over} of none;`)
  console.log(`  CPU ${cpu} of ${workers} processes, ${more} µs a record more than none`)
}
const answer = paysFrom === undefined ? 'do not pay at any of these costs' : `pay from ${paysFrom} µs a record on`
console.log(`${workers} workers ${answer}, on ${availableParallelism()} cores`)

/** Runs processes at the same time, each with its share of the customers. */
function run(count: number, workersEach: number, micros: number): Promise<TimedProcesses> {
  const env = { ...process.env, BENCH_ROUNDS: String(Math.round(micros * roundsPerMicro)) }
  const children = Array.from({ length: count }, (_, index) =>
    fork(
      join(import.meta.dirname, 'workers-run.ts'),
      ['--customers', String(customers / count), '--seed', String(index + 1), '--workers', String(workersEach)],
      { env },
    ),
  )
  return timedProcesses(children)
}

/** How many rounds of `work` the quickest microsecond has. */
function calibrate(): number {
  let most = 0
  for (let attempt = 0; attempt < 200; attempt++) {
    const startMs = systemClock.monotonicMs()
    work(100_000)
    most = Math.max(most, 100_000 / (systemClock.monotonicMs() - startMs) / 1_000)
  }
  return most
}
