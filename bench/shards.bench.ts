/**
 * What shards of the table on threads are worth, without a broker: `node bench/shards.bench.ts [--rounds 15] [--customers
 * 300000] [--workers 2]`. The experiment from memory through decoding, stages, table and merge into a sink that checks
 * each record on the thread that has merged it, and drops it, in three variants: one thread, shards on so many threads, and as many independent processes,
 * which share the customers and know nothing of each other. Each round runs all in turn, each warm.
 *
 * With `--with-broker` the program of the experiment in place of that, on an Apache Kafka on the same cores, with so many
 * workers and without, in turn, after a round that does not count; each sink is verified. For 10,000,000 records:
 * `node bench/shards.bench.ts --with-broker --rounds 5 --customers 3340000`.
 */
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ExperimentSource, machineText } from './experiment-source.ts'
import { spreadOf, spreadText } from './statistics.ts'
import { type TimedProcesses, timedProcesses } from './timed-processes.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    customers: { type: 'string', default: '300000' },
    workers: { type: 'string', default: '2' },
    'with-broker': { type: 'boolean', default: false },
  },
})
const [customers, workers, rounds] = [Number(values.customers), Number(values.workers), Number(values.rounds)]

console.log(`${machineText()}; ${rounds} rounds: median [least – most]`)
await (values['with-broker'] ? besideBroker() : withoutBroker())

async function besideBroker(): Promise<void> {
  await using source = await ExperimentSource.generate(customers)
  const ratios = { rate: [] as number[], CPU: [] as number[] }
  for (let round = 0; round <= rounds; round++) {
    const app = `bench-shards-${process.pid}-${round}`
    const alone = await source.runMillrace(`${app}-alone`)
    const sharded = await source.runMillrace(app, ['--workers', String(workers)])
    if (round === 0) continue
    ratios.rate.push(alone.seconds / sharded.seconds)
    ratios.CPU.push(sharded.cpuSeconds / alone.cpuSeconds)
  }
  print(`${workers} workers, of none, ${customers * 3} records`, ratios)
}

async function withoutBroker(): Promise<void> {
  const rates: number[] = []
  const ratios = {
    'rate, of that of the processes': [] as number[],
    'rate, of that of one thread': [] as number[],
    'CPU, of that of the processes': [] as number[],
    'CPU, of that of one thread': [] as number[],
  }
  for (let round = 0; round < rounds; round++) {
    const alone = await run(1, 0)
    const sharded = await run(1, workers)
    const processes = await run(workers, 0)
    rates.push((customers * 3) / sharded.seconds)
    ratios['rate, of that of the processes'].push(processes.seconds / sharded.seconds)
    ratios['rate, of that of one thread'].push(alone.seconds / sharded.seconds)
    ratios['CPU, of that of the processes'].push(sharded.cpuSeconds / processes.cpuSeconds)
    ratios['CPU, of that of one thread'].push(sharded.cpuSeconds / alone.cpuSeconds)
  }
  console.log(`${workers} shards on threads: ${spreadText(spreadOf(rates))} records/s`)
  print(`${workers} shards`, ratios)
}

function print(title: string, ratios: Record<string, readonly number[]>): void {
  for (const [name, of] of Object.entries(ratios)) console.log(`${title}: ${name} ${spreadText(spreadOf(of), 2)}`)
}

/** Runs processes at the same time, each with its share of the customers. */
function run(count: number, workersEach: number): Promise<TimedProcesses> {
  const children = Array.from({ length: count }, (_, index) => {
    const share = ['--customers', String(Math.ceil(customers / count)), '--seed', String(index + 1)]
    return fork(join(import.meta.dirname, 'shards-run.ts'), [...share, '--workers', String(workersEach)])
  })
  return timedProcesses(children)
}
