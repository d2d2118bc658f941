/**
 * The experiment in processes that are killed with SIGKILL again and again, on a real Apache Kafka:
 * `node bench/crash-campaign.ts [--customers 1000000] [--kills 100] [--takeovers 25] [--seed 1] [--fetch-bytes 524288]
 * [--standby-refresh-ms 0] [--bootstrap-servers host:port]`.
 *
 * Where each process dies is drawn from the seed over the requests of its start and of its epochs, half of them inside
 * a commit. At the end the sink is compared with the seed and with that of a run that nothing has disturbed, and the
 * checkpoint, the account and the group's offsets are looked at. Prints where processes died and how soon the next one
 * had committed.
 */
import { parseArgs } from 'node:util'
import { type Crash, histogramOf, inCommitCount, type Recovery, runCampaign } from '../test/crash/campaign.ts'
import { moments, steps } from '../test/crash/crash-plan.ts'
import { ExperimentTopics, partitions, recordsPerCustomer } from '../test/crash/experiment-topics.ts'
import { checkRemains } from '../test/crash/oracle.ts'
import { runUndisturbed } from '../test/crash/program.ts'
import { startKafka } from '../tools/kafka/start.ts'
import { machineText } from './experiment-source.ts'
import { spreadOf, spreadText } from './statistics.ts'

const { values } = parseArgs({
  options: {
    customers: { type: 'string', default: '1000000' },
    kills: { type: 'string', default: '100' },
    takeovers: { type: 'string', default: '25' },
    seed: { type: 'string', default: '1' },
    'fetch-bytes': { type: 'string', default: '524288' },
    'standby-refresh-ms': { type: 'string', default: '0' },
    'bootstrap-servers': { type: 'string' },
  },
})
const customers = Number(values.customers)
const seed = Number(values.seed)

await using kafka = values['bootstrap-servers'] === undefined ? await startKafka({ heapMb: 2048 }) : undefined
const bootstrapServers = kafka?.bootstrapServers ?? values['bootstrap-servers']!
const name = `crash-${process.pid}`
await using topics = await ExperimentTopics.generate(bootstrapServers, name, customers)
console.log(machineText())
console.log(`${customers} customers, seed ${seed}; broker ${bootstrapServers}`)

const undisturbed = await topics.experiment(`${name}-undisturbed`)
await runUndisturbed(undisturbed)
const expected = await checkRemains(undisturbed)
console.log(`undisturbed: ${expected.records} merged records, digest ${expected.digest}, ${expected.epochs} epochs`)

const disturbed = await topics.experiment(`${name}-disturbed`)
const { crashes, report } = await runCampaign({
  experiment: disturbed,
  records: customers * recordsPerCustomer,
  partitions,
  kills: Number(values.kills),
  takeovers: Number(values.takeovers),
  seed,
  fetchBytes: Number(values['fetch-bytes']),
  flags: ['--standby-refresh-ms', values['standby-refresh-ms']],
  onCrash: (crash, count) => console.log(crashText(crash, count)),
})
const found = await checkRemains(disturbed)

printHistogram()
printRecoveries('restart')
printRecoveries('takeover')
console.log(`\n${await topics.verify(disturbed)}`)
console.log(`disturbed: ${found.records} merged records, digest ${found.digest}, ${found.epochs} epochs`)
console.log(`account of the last manifest exact, balanced in the report: ${report.isBalanced}; no dead letters`)
const isSame = found.records === expected.records && found.digest === expected.digest
console.log(isSame && report.isBalanced ? 'the same as undisturbed' : 'NOT the same as undisturbed')
if (!isSame || !report.isBalanced) process.exitCode = 1

function crashText({ point, isTakeover, recovery }: Crash, count: number): string {
  const how = isTakeover ? 'taken over' : 'restarted'
  const timing =
    recovery &&
    `; it had committed ${recovery.totalMs} ms after a ${recovery.kind}, ${recovery.rereadMs} ms of that for re-reading, at ${recovery.consumed} records`
  return `${String(count).padStart(3)} ${point.step}, ${point.moment} (${how})${timing ?? ''}`
}

function printHistogram(): void {
  const counts = histogramOf(crashes)
  console.log(`\n${crashes.length} processes killed, ${inCommitCount(crashes)} of them inside a commit\n`)
  console.log(`| request | ${moments.join(' | ')} |`)
  console.log(`|---|${moments.map(() => '---').join('|')}|`)
  for (const step of steps)
    console.log(`| ${step} | ${moments.map((moment) => counts.get(`${step}, ${moment}`) ?? 0).join(' | ')} |`)
}

function printRecoveries(kind: Recovery['kind']): void {
  const recoveries = crashes.flatMap(({ recovery }) => (recovery?.kind === kind ? recovery : []))
  if (recoveries.length === 0) return
  const row = (label: string, ms: (recovery: Recovery) => number) =>
    console.log(`| ${label} | ${spreadText(spreadOf(recoveries.map(ms)))} |`)
  console.log(`\n| ${recoveries.length} x ${kind}: ms from kill -9 | median [range] |\n|---|---|`)
  if (kind === 'restart') row('to its first request', ({ toFirstRequestMs }) => toFirstRequestMs)
  row('to being the active one', ({ toOwnerMs }) => toOwnerMs)
  row('to having the checkpoint', ({ toLoadedMs }) => toLoadedMs)
  row('to the first new commit', ({ totalMs }) => totalMs)
  row('re-reading, with the first epoch', ({ rereadMs }) => rereadMs)
  row('to the first new commit without re-reading', ({ totalMs, rereadMs }) => totalMs - rereadMs)
}
