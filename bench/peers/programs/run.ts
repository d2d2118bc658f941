/**
 * Runs programs of `examples/` as they are written for Kafka Streams and for Bytewax, on an Apache Kafka, with the
 * records of `test/examples`, and prints what the models of these say of what comes out; then each once more, killed with
 * SIGKILL in the middle and started again. Not part of the tests: it needs Java 17, Maven, Python 3.11 and a network.
 *
 * `npx node bench/peers/programs/run.ts [--peer Bytewax] [--program parcels] [--seed 1]`
 */
import { parseArgs } from 'node:util'
import { Kafka as Client, logLevel } from 'kafkajs'
import { sleep, systemClock } from '../../../src/core/clock.ts'
import { seededRandom } from '../../../src/core/random.ts'
import { examples } from '../../../test/examples/all.ts'
import type { Example } from '../../../test/examples/example.ts'
import { traceOf } from '../../../test/examples/model.ts'
import { type PlacedRecord, placeRecords } from '../../../test/examples/placed-records.ts'
import { sinkOf, sourcesOf, topicsOf } from '../../../test/examples/renamed.ts'
import { patientAdmin } from '../../../test/integration/patient-admin.ts'
import { readTopic } from '../../../test/integration/read-topic.ts'
import { produce } from '../../../test/integration/target.ts'
import { until } from '../../../test/until.ts'
import { startKafka } from '../../../tools/kafka/start.ts'
import { type Finding, judge, type Published, textOf } from './judge.ts'
import { linesOf } from './lines.ts'
import { type Peer, peers, type RunningPeer } from './peers.ts'

const partitions = 2
const groupCount = 300
const recordsPerSend = 50
/** Output that has stood still for so long is all that comes: of some records, and of all. */
const settleMs = { some: 1_000, all: 6_000 }
/** For so long nothing may come after a start: of Kafka Streams until the session of a killed process is over. */
const startMsMax = 90_000

const { values } = parseArgs({
  options: { peer: { type: 'string' }, program: { type: 'string' }, seed: { type: 'string', default: '1' } },
})
const names = [
  'experiment',
  'three-topics',
  'optional-side',
  'k-of-n',
  'list-side',
  'latest',
  'enrich-and-filter',
  'debezium',
  'cloudevents',
  'framed-json',
  'parcels',
  'two-correlations',
].filter((name) => values.program === undefined || values.program === name)

process.stdout.write('| program | peer | lines | output | killed once |\n|---|---|---|---|---|\n')
for (const peer of peers.filter(({ name }) => values.peer === undefined || values.peer === name)) {
  await peer.prepare()
  // A busy machine may keep the broker from its controller for longer than tests allow.
  await using kafka = await startKafka({ properties: { 'broker.session.timeout.ms': '30000' } })
  for (const name of names) {
    const example = examples.find((each) => each.name === name)!
    const undisturbed = await runOnce(peer, example, kafka.bootstrapServers, false)
    const killed = await runOnce(peer, example, kafka.bootstrapServers, true)
    const lines = await linesOf(peer.fileOf(name))
    process.stdout.write(`| ${name} | ${peer.name} | ${lines} | ${textOf(undisturbed)} | ${textOf(killed)} |\n`)
  }
  process.stdout.write(`| what they share | ${peer.name} | ${await linesOf(...peer.shared)} | | |\n`)
}

/** Runs a program until no more comes out, and judges what did. */
async function runOnce(peer: Peer, example: Example, bootstrapServers: string, isKilled: boolean): Promise<Finding> {
  const random = seededRandom(Number(values.seed))
  const groups = example.draw(random, groupCount)
  const placed = placeRecords(groups, partitions, random)
  const kafka = new Client({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING })
  const admin = await patientAdmin(kafka)
  const topics = topicsOf(example.topology)
  const configEntries = [{ name: 'retention.ms', value: '-1' }]
  await admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions: partitions, configEntries })) })
  const sources = sourcesOf(example.topology)
  const outputs = topics.filter((topic) => !sources.includes(topic))
  const published = async () => (await Promise.all(outputs.map((topic) => readOutput(bootstrapServers, topic)))).flat()
  try {
    await using runs = await peer.run(example.name, bootstrapServers)
    // So that one that is killed is so while it works.
    const [some, half] = [Math.floor(placed.length / 4), Math.floor(placed.length / 2)]
    await give(kafka, placed.slice(0, some))
    const before = await settled(published, runs, 0, settleMs.some)
    await give(kafka, placed.slice(some, half))
    let known = before.length
    if (isKilled) {
      await until('more has come out', async () => (known = (await published()).length) > before.length)
      await runs.kill()
      runs.start()
    }
    await give(kafka, placed.slice(half))
    return judge(groups, placed, sinkOf(example.topology), await settled(published, runs, known, settleMs.all))
  } finally {
    await admin.deleteTopics({ topics })
    await until('the topics are gone', async () => !(await admin.listTopics()).some((topic) => topics.includes(topic)))
    await admin.disconnect()
  }
}

async function give(kafka: Client, placed: readonly PlacedRecord[]): Promise<void> {
  for (const topic of new Set(placed.map(({ record }) => record.topic))) {
    const records = placed
      .filter(({ record }) => record.topic === topic)
      .map(({ record: { value, key, headers }, partition, timestampMs }) => {
        return { value, partition, timestampMs, ...(key !== undefined && { key }), ...(headers && { headers }) }
      })
    for (let at = 0; at < records.length; at += recordsPerSend)
      await produce(kafka, topic, records.slice(at, at + recordsPerSend))
  }
}

/** What has come out once it stands still, and there is more than was known. */
async function settled(
  published: () => Promise<Published[]>,
  runs: RunningPeer,
  knownCount: number,
  forMs: number,
): Promise<Published[]> {
  let count = knownCount
  let changedMs = systemClock.monotonicMs()
  for (;;) {
    await sleep(systemClock, 200)
    const now = await published()
    const nowMs = systemClock.monotonicMs()
    if (now.length > count) changedMs = nowMs
    count = now.length
    if (nowMs - changedMs > (count === knownCount ? startMsMax : forMs)) return now
    if (runs.hasEnded) throw new Error(`it has ended:\n${runs.said}`)
  }
}

async function readOutput(bootstrapServers: string, topic: string): Promise<Published[]> {
  const records = await readTopic(bootstrapServers, topic)
  return records.map(({ key, value, headers }) => ({ topic, key, value, trace: traceOf(new Map(headers)) }))
}
