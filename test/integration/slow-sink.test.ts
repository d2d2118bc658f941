import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { before, describe, it } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { type Broker, startBroker } from '../../src/broker/index.ts'
import { systemClock } from '../../src/core/clock.ts'
import { type App, field, stage, type Topology, topology, tumbling } from '../../src/streams/index.ts'
import { suiteStack } from '../at-end.ts'
import { until } from '../until.ts'
import { readTopic } from './read-topic.ts'
import { startQuietly } from './run.ts'

const pairCount = 1_000
const pairsPerRequest = 20
const text = 'x'.repeat(1_000)
/** The least settings that a program can be given. */
const small = { fetchBytes: 64 << 10, partitionFetchBytes: 16 << 10, batchBytes: 4 << 10, epochBytes: 32 << 10 }
/** Bytes read and not committed: of two responses, of rows on their way, of the epoch in flight and the current one. */
const aheadBytesMax = 256 << 10
/** Answers to what is written that come late: about as many as half of the pairs need. */
const slowness = { count: 30, effect: { kind: 'delayAnswer', delayMs: 20 } } as const
/** For how long a sink is slow, about: a batch has one pair, and the next one waits for its answer. */
const slowMs = Number(process.env['MILLRACE_SLOW_MS'] ?? 5_000)
/** More than what has been published takes, which lies in the memory of the broker. */
const growthBytesMax = 64 << 20

interface Row {
  readonly id: number
  readonly side: string
  readonly text: string
}

const part = stage({ part: field('text') })
const sides = { A: part, B: part }
const both = { of: ['A', 'B'] } as const

interface Topics {
  readonly app: string
  readonly source: string
  readonly names: string
  readonly sink: string
}

/** By the operators on the way, programs that write as much as they read. */
const programs: Record<string, (topics: Topics) => Topology> = {
  'a filter, a map and a flatMap': ({ app, source, sink }) =>
    topology(app)
      .source<Row>(source)
      .filter('all', () => true)
      .map('same', (row) => row)
      .flatMap('each', (row) => [row], { partsMax: 1 })
      .route('by-side', field('side'), sides)
      .correlate('by-id', field('id'), both)
      .sink(sink),
  'a throttle': ({ app, source, sink }) =>
    topology(app)
      .source(source, { recordsPerSecondMax: 100_000 })
      .route('by-side', field('side'), sides)
      .correlate('by-id', field('id'), both)
      .sink(sink),
  'a map, a filter and a branch after a join': ({ app, source, sink }) =>
    topology(app)
      .source(source)
      .route('by-side', field('side'), sides)
      .correlate('by-id', field('id'), both)
      .map('same', (pair) => pair)
      .filter('all', () => true)
      .branch('to', () => 'to-sink', { 'to-sink': { topic: sink } }),
  'a join after a join': ({ app, source, names, sink }) =>
    topology(app)
      .source(source)
      .route('by-side', field('side'), sides)
      .correlate('by-id', field('id'), both)
      .into('both')
      .source(names)
      .side('name')
      .correlate('once-more', field('id'), { of: ['both', 'name'] })
      .sink(sink),
  'windows by key': ({ app, source, sink }) =>
    topology(app)
      .source(source)
      .groupBy('by-id', field('id'))
      .window(tumbling({ sizeMs: 60_000 }), { results: 'changes' })
      .collect(field('text'))
      .sink(sink),
}

describe('at a slow sink', () => {
  let broker: Broker
  const stack = suiteStack()
  before(async () => {
    broker = stack.use(await startBroker())
  })

  for (const [what, make] of Object.entries(programs)) {
    it(`${what} read no more ahead than their bounds, and lose nothing`, async () => {
      const topics = await newTopics(pairCount)
      await broker.injectFault({ api: 'Produce', clientId: topics.app, ...slowness })

      const running = await startQuietly(make(topics), broker.bootstrapServers, small)
      let aheadMax = 0
      let isCaughtUp = false
      void running.caughtUp.then(() => (isCaughtUp = true))
      await until('all has been published', () => {
        aheadMax = Math.max(aheadMax, aheadBytes(running))
        return isCaughtUp
      })
      await running.stop()

      assert.ok(aheadMax <= aheadBytesMax, `${aheadMax} bytes ahead`)
      const ids = (await readTopic(broker.bootstrapServers, topics.sink)).map(({ value }) => JSON.parse(value!).id)
      const perPair = what === 'windows by key' ? 2 : 1
      assert.deepEqual(
        ids.toSorted((a, b) => a - b),
        Array.from({ length: perPair * pairCount }, (_, at) => Math.floor(at / perPair)),
      )
    })
  }

  it('a join reads no more ahead, and takes no more memory, however long the sink is slow', async (t) => {
    const pairs = Math.ceil(slowMs / slowness.effect.delayMs)
    const topics = await newTopics(pairs)
    await broker.injectFault({ api: 'Produce', clientId: topics.app, ...slowness, count: 2 * pairs })

    const startMs = systemClock.monotonicMs()
    const running = await startQuietly(programs['a throttle']!(topics), broker.bootstrapServers, small)
    let [aheadMax, memoryFirst, memoryMax, tellMs] = [0, 0, 0, 0]
    await until('all has been published', () => {
      const consumed = running.report().accounting[0]?.consumed ?? 0
      aheadMax = Math.max(aheadMax, aheadBytes(running))
      const memory = process.memoryUsage.rss()
      // What it takes once it is under way: a quarter of the time is over.
      if (consumed < pairs / 2) memoryFirst = Math.max(memoryFirst, memory)
      memoryMax = Math.max(memoryMax, memory)
      const nowMs = systemClock.monotonicMs() - startMs
      if (nowMs >= tellMs) {
        t.diagnostic(
          `${Math.round(nowMs / 1_000)} s: ${consumed} of ${2 * pairs} records, ${aheadBytes(running)} bytes ahead, ${Math.round(memory / 2 ** 20)} MiB`,
        )
        tellMs += 10_000
      }
      return consumed === 2 * pairs
    })
    const tookMs = systemClock.monotonicMs() - startMs
    await running.stop()

    const growth = memoryMax - memoryFirst
    t.diagnostic(
      `${Math.round(tookMs / 1_000)} s, ${aheadMax} bytes ahead at most, memory grew by ${Math.round(growth / 2 ** 20)} MiB`,
    )
    assert.ok(aheadMax <= aheadBytesMax, `${aheadMax} bytes ahead`)
    assert.ok(growth <= growthBytesMax, `${growth} bytes more`)
    assert.equal((await readTopic(broker.bootstrapServers, topics.sink)).length, pairs)
  })

  /** Both records of each pair, one after the other, and the names of pairs. */
  async function newTopics(count: number): Promise<Topics> {
    const app = `slow-${randomUUID()}`
    const topics = { app, source: `${app}.source`, names: `${app}.names`, sink: `${app}.sink` }
    const kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING })
    const [admin, producer] = [kafka.admin(), kafka.producer()]
    await Promise.all([admin.connect(), producer.connect()])
    await admin.createTopics({
      topics: [topics.source, topics.names, topics.sink].map((topic) => ({ topic, numPartitions: 1 })),
    })
    const ids = Array.from({ length: count }, (_, id) => id)
    for (let at = 0; at < count; at += pairsPerRequest) {
      const some = ids.slice(at, at + pairsPerRequest)
      const pairs = some.flatMap((id) => ['A', 'B'].map((side) => ({ value: JSON.stringify({ id, side, text }) })))
      const names = some.map((id) => ({ value: JSON.stringify({ id }) }))
      await producer.sendBatch({
        topicMessages: [
          { topic: topics.source, messages: pairs },
          { topic: topics.names, messages: names },
        ],
      })
    }
    await Promise.all([admin.disconnect(), producer.disconnect()])
    return topics
  }
})

/** Bytes of texts that the first subtopology has read, and whose epochs have not committed. */
function aheadBytes(running: App): number {
  const { accounting, statistics } = running.report()
  const [account] = accounting
  return (statistics.sourceOffsets - (account?.consumed ?? 0)) * text.length
}
