import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { seededRandom } from '../../src/core/random.ts'
import { audit, type Topology } from '../../src/streams/index.ts'
import type { Example } from '../examples/example.ts'
import { compare, type Found, traceOf } from '../examples/model.ts'
import { type PlacedRecord, placeRecords } from '../examples/placed-records.ts'
import { chainOf, lookupsOf, renamed, sinkOf, sourcesOf, topicsOf } from '../examples/renamed.ts'
import type { ReadRecord } from '../integration/read-topic.ts'
import { onEachBroker, type Stream, type Target } from '../integration/target.ts'
import { until } from '../until.ts'
import { runCampaign } from './campaign.ts'
import { campaignPrograms } from './campaign-programs.ts'
import { unharmed } from './crash-plan.ts'
import { seed, turnsOf } from './in-turns.ts'
import { type Experiment, Program } from './program.ts'

const partitions = 2
/** Kills of each program. With the variable all run on both brokers, else some of them on one each, in turns. */
const kills = Number(process.env['MILLRACE_KILLS'] ?? 2)
/** As many that each process has some epochs. */
const groupsPerKill = 250
/** Records of a batch of two partitions. */
const recordsPerSend = 150
/** A partition gives one batch with a fetch, and no record is taken for the cause of the deaths. */
const commonFlags = [
  '--heartbeat-interval-ms',
  '100',
  '--replay-records-max',
  '500',
  '--partition-fetch-bytes',
  '1024',
  '--process-attempts',
  '100',
]
/** Of the two brokers each takes a sixth of the programs. */
const nextTurn = turnsOf(6)

/** Every program of `examples/`, and others, under kill -9, against their models. */
export function exampleCampaigns(target: Target): void {
  const isTurnOf = nextTurn()
  describe('a program whose processes are killed again and again', () => {
    for (const [index, example] of campaignPrograms(seed).entries()) {
      if (!isTurnOf(index)) continue
      it(`leaves what its model says, and an account that the audit proves: ${example.name}`, async (t) => {
        t.diagnostic(`MILLRACE_SEED=${seed} repeats it`)
        await killAgainAndAgain(target, example)
      })
    }
  })
}

async function killAgainAndAgain(target: Target, example: Example): Promise<void> {
  const random = seededRandom(seed)
  const { topology, flags: ownFlags = [] } = example
  const flags = [...commonFlags, ...ownFlags]
  const groups = example.draw(random, (kills + 1) * groupsPerKill)
  const placed = placeRecords(groups, partitions, random)
  const topics = topicsOf(topology)
  const otherSources = Object.fromEntries(topics.map((topic) => [topic, partitions]))
  const stream = await target.stream({ otherSources })
  const sources = sourcesOf(topology)
  const filling = lookupsOf(topology).map(({ topic }) => topic)
  const consumable = placed.filter(({ record }) => !filling.includes(record.topic))
  for (const topic of [...filling, ...sources]) await give(stream, topic, placed)
  const { app } = stream
  const { bootstrapServers } = target
  const [source, ...others] = sources.map((topic) => stream.otherSources[topic]!)
  const experiment: Experiment = {
    bootstrapServers,
    app,
    source: source!,
    sink: stream.otherSources[sinkOf(topology)]!,
    program: join(import.meta.dirname, 'example-topology.ts'),
    environment: { BENCH_EXAMPLE: example.name },
  }

  const { crashes, report } = await runCampaign({
    experiment,
    records: consumable.length,
    partitions,
    otherSources: others,
    kills,
    takeovers: 0,
    seed,
    // Of which a fetch takes a part only.
    fetchBytes: 65_536,
    flags,
  })

  assert.equal(crashes.length, kills)
  assert.equal(report.isBalanced, true)
  const found = () => readOutputs(stream, example, topics)
  const difference = async () => compare(groups, placed, sinkOf(topology), await found())
  // Rows that lack optional sides only wait anew in each life, and so until the last one.
  if ((await difference()).missing.length > 0) {
    await using last = new Program({ ...experiment, runsOn: true }, flags, unharmed)
    await until('all is there that the model has', async () => (await difference()).missing.length === 0)
    last.signal('SIGTERM')
    assert.equal((await last.ended).code, 0, last.said)
  }
  assert.deepEqual(await difference(), { missing: [], surplus: [] })
  const reasons = new Set((await found()).deadLetters.map(({ reason }) => reason))
  for (const reason of example.provokes ?? []) assert.ok(reasons.has(reason), `something is ${reason}`)
  let consumed = 0
  for (const { name } of chainOf(renamed(topology, app))) {
    const { verdict, accounting } = await audit({ bootstrapServers, app: name })
    assert.equal(verdict, 'proved', name)
    const given = accounting.filter(({ topic }) => [source, ...others].includes(topic))
    consumed += given.reduce((sum, account) => sum + account.consumed, 0)
  }
  assert.equal(consumed, consumable.length)
}

async function give(stream: Stream, topic: string, placed: readonly PlacedRecord[]): Promise<void> {
  const records = placed
    .filter(({ record }) => record.topic === topic)
    .map(({ record: { value, key, headers }, partition, timestampMs }) => {
      return { value, partition, timestampMs, ...(key !== undefined && { key }), ...(headers && { headers }) }
    })
  for (let at = 0; at < records.length; at += recordsPerSend)
    await stream.produce(records.slice(at, at + recordsPerSend), stream.otherSources[topic]!)
}

async function readOutputs(stream: Stream, { topology }: Example, topics: readonly string[]): Promise<Found> {
  const sources = new Set([...sourcesOf(topology), ...lookupsOf(topology).map(({ topic }) => topic)])
  const merged = topics
    .filter((topic) => !sources.has(topic))
    .map(async (topic) => {
      const records = await stream.read(stream.otherSources[topic]!)
      return records.map(({ key, value, headers }) => ({ topic, key, value, trace: traceOf(new Map(headers)) }))
    })
  const letters = (await lettersOf(stream, topology)).map(({ headers }) => {
    const said = new Map(headers)
    return {
      reason: said.get('millrace.reason')!,
      topic: said.get('millrace.topic')!.slice(`${stream.app}.`.length),
      partition: Number(said.get('millrace.partition')),
      offset: Number(said.get('millrace.offset')),
    }
  })
  return { merged: (await Promise.all(merged)).flat(), deadLetters: letters }
}

/** Those of all its subtopologies. */
async function lettersOf(stream: Stream, topology: Topology): Promise<ReadRecord[]> {
  const names = chainOf(renamed(topology, stream.app)).map(({ name }) => `${name}.dead-letter`)
  return (await Promise.all(names.map((name) => stream.read(name)))).flat()
}

if (import.meta.main) onEachBroker([exampleCampaigns])
