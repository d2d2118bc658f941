/**
 * The experiment with and without a map after the merge that reads two fields, interleaved, on one Apache Kafka:
 * `node bench/map.bench.ts [--runs 5] [--warm-up 2] [--customers 500000] [--bootstrap-servers host:port]`.
 */
import { parseArgs } from 'node:util'
import { ExperimentSource, machineText } from './experiment-source.ts'
import { spreadOf, spreadText } from './statistics.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    'warm-up': { type: 'string', default: '2' },
    customers: { type: 'string', default: '500000' },
    'bootstrap-servers': { type: 'string' },
  },
})

await using source = await ExperimentSource.generate(Number(values.customers), values['bootstrap-servers'])
console.log(machineText())
const ratios: number[] = []
const cpuRatios: number[] = []
for (let round = -Number(values['warm-up']); round < Number(values.runs); round++) {
  const app = `map-bench-${process.pid}-${round + Number(values['warm-up'])}`
  const plain = await source.runMillrace(app)
  const mapped = await source.runOther(`${app}-mapped`, 'map-topology.ts')
  console.log(`${round < 0 ? 'warm-up' : round + 1}`, textOf(plain.correlationRate), textOf(mapped.correlationRate))
  if (round < 0) continue
  ratios.push(mapped.correlationRate / plain.correlationRate)
  cpuRatios.push(mapped.cpuSeconds / plain.cpuSeconds)
}
console.log(
  `rate with the map: ${spreadText(spreadOf(ratios), 2)} of that without; CPU ${spreadText(spreadOf(cpuRatios), 2)}`,
)

function textOf(rate: number): string {
  return `${Math.round(rate)} merges/s`
}
