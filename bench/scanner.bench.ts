/**
 * The scanner alone against `JSON.parse`, on the experiment's records: `node bench/scanner.bench.ts [--rounds 15]`.
 * Each round sweeps all variants over the same memory in turn, so that a slow moment of the machine meets all alike;
 * the ratio is taken within each round.
 */
import { parseArgs } from 'node:util'
import { nextInt, seededRandom } from '../src/core/random.ts'
import { Scanner, Status } from '../src/kernel/json/index.ts'
import { spreadOf, spreadText } from './statistics.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } })
const recordCount = 300_000
const warmUpRounds = 3

/** Records that the scanner's loop cannot read without pausing, and forms that the experiment does not have. */
const oddRecords = [
  '{"stage":"\\n","customerId":"é","part":{"a":[1,{"b":null}],"c":true}}',
  '{ "stage" : "A" , "\\u0063ustomerId" : 1.5e3 , "é": false, "part" : [ ] }',
  '{"x":{"stage":1},"stage":12,"part":[1,-0,"x"],"customerId":0.5}',
]

interface Records {
  buffer: Buffer
  view: DataView
  starts: Int32Array
  ends: Int32Array
}

const random = seededRandom(1)
const plain = layOut((index) => experimentRecord(index))
const mixed = layOut((index) => (index % 997 === 0 ? oddRecords[index % 3]! : experimentRecord(index)))

const scanner = new Scanner([['stage'], ['customerId'], ['part']])
const variants = {
  'JSON.parse': () => parseAll(plain),
  scanner: () => scanAll(plain),
  'scanner, one odd record in a thousand': () => scanAll(mixed),
}
const times = Object.values(variants).map((): number[] => [])
for (let round = -warmUpRounds; round < Number(values.rounds); round++) {
  Object.values(variants).forEach((sweep, index) => {
    const startMs = performance.now()
    sweep()
    if (round >= 0) times[index]!.push(((performance.now() - startMs) * 1e6) / recordCount)
  })
}
const bytes = plain.ends.reduce((sum, end, index) => sum + end - plain.starts[index]!, 0) / recordCount
console.log(`node ${process.version}, ${recordCount} records of ${bytes.toFixed(0)} bytes, ${values.rounds} rounds`)
Object.keys(variants).forEach((name, index) => {
  const ratios = times[index]!.map((time, round) => times[0]![round]! / time)
  console.log(
    `${name}: ${spreadText(spreadOf(times[index]!))} ns a record, ${spreadText(spreadOf(ratios), 2)} x JSON.parse`,
  )
})

function scanAll({ buffer, starts, ends }: Records): void {
  for (let index = 0; index < recordCount; index++) {
    const status = scanner.scan(buffer, starts[index]!, ends[index]!)
    if (status !== Status.OK) throw new Error(`record ${index} has status ${status}`)
  }
}

function parseAll({ buffer, starts, ends }: Records): void {
  for (let index = 0; index < recordCount; index++) {
    const record = JSON.parse(buffer.toString('utf8', starts[index], ends[index])) as { part?: object }
    if (record.part === undefined) throw new Error(`record ${index} has no part`)
  }
}

/** Records in one memory, with a few bytes between them as in a batch. */
function layOut(record: (index: number) => string): Records {
  const buffer = Buffer.alloc(recordCount * 200)
  const starts = new Int32Array(recordCount)
  const ends = new Int32Array(recordCount)
  let at = 0
  for (let index = 0; index < recordCount; index++) {
    at += 9
    starts[index] = at
    at += buffer.write(record(index), at)
    ends[index] = at
  }
  return { buffer, view: new DataView(buffer.buffer, buffer.byteOffset, buffer.length), starts, ends }
}

function experimentRecord(index: number): string {
  const customer = nextInt(random, 1_000_000)
  const stage = 'ABC'[nextInt(random, 3)]!
  const customerId = `cust-${hex(8)}-${customer}`
  return `{"stage":"${stage}","customerId":"${customerId}","seq":${index},"emittedAt":${1_790_000_000_000 + index},"part":${part(stage, customer)}}`
}

function part(stage: string, customer: number): string {
  if (stage === 'A') return `{"name":"Customer ${customer}","segment":"${customer % 7}","country":"${customer % 90}"}`
  if (stage === 'B') return `{"orderId":"o-${hex(16)}","amount":${(customer % 100_000) / 100},"currency":"EUR"}`
  return `{"carrier":"dhl","tracking":"t-${hex(16)}","eta":${1_790_000_000_000 + customer}}`
}

function hex(digits: number): string {
  return Array.from({ length: digits }, () => nextInt(random, 16).toString(16)).join('')
}
