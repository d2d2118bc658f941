/**
 * Programs of other shapes beside the experiment, interleaved, on one Apache Kafka: three topics, values behind the prefix
 * of a schema registry, and a map after the merge that reads two fields:
 * `node bench/shapes.bench.ts [--runs 7] [--warm-up 3] [--customers 500000] [--bootstrap-servers host:port]`.
 */
import { parseArgs } from 'node:util'
import { ExperimentSource, machineText, type MillraceMeasurement } from './experiment-source.ts'
import { Shares } from './shares.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '7' },
    'warm-up': { type: 'string', default: '3' },
    customers: { type: 'string', default: '500000' },
    'bootstrap-servers': { type: 'string' },
  },
})

await using source = await ExperimentSource.generate(Number(values.customers), values['bootstrap-servers'])
for (const [stage, name] of ['A', 'B', 'C'].entries()) await source.generateBeside(`.${name}`, { stage })
await source.generateBeside('.framed', { prefix: Buffer.of(0, 0, 0, 0, 1) })
console.log(machineText())

const shapes: Record<string, (app: string) => Promise<MillraceMeasurement>> = {
  'three topics': (app) => source.runVariant(app, 'three-topics-topology.ts'),
  'framed JSON': (app) => source.runVariant(app, 'framed-topology.ts'),
  map: (app) => source.runOther(app, 'map-topology.ts'),
}
const names = Object.keys(shapes)
const shares = new Shares(names)
for (let round = -Number(values['warm-up']); round < Number(values.runs); round++) {
  const app = `shapes-bench-${process.pid}-${round + Number(values['warm-up'])}`
  const plain = await source.runMillrace(app)
  const line = [round < 0 ? 'warm-up' : String(round + 1), rateText(plain)]
  for (const [index, name] of names.entries()) {
    const shaped = await shapes[name]!(`${app}-${index}`)
    line.push(`${name} ${rateText(shaped)}`)
    if (round >= 0) shares.add(name, shaped, plain)
  }
  console.log(line.join(', '))
}
shares.print('of that of the experiment', 2)

function rateText({ correlationRate }: MillraceMeasurement): string {
  return `${Math.round(correlationRate / 1_000)} k merges/s`
}
