import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import {
  describeTopics,
  metadata,
  PauseClock,
  type PeerTopic,
  Queue,
  ScriptedBroker,
  settled,
} from '../../../test/kafka-peer/index.ts'
import { KafkaError } from '../../core/errors.ts'
import { BrokerWaits } from './broker-waits.ts'
import { Cluster } from './cluster.ts'
import { LeaderTracker } from './leader-tracker.ts'

const refused = new KafkaError('KAFKA_UNAVAILABLE', 'the leader has moved')
const topic = (leaders: PeerTopic['leaders'], id?: string) => ({ name: 'orders', leaders, ...(id && { id }) })

describe('LeaderTracker', () => {
  it('says who leads a partition, and after a search who leads it by then', async (t) => {
    const { broker, clock, found, tracker } = await start(t, { leaders: [1, 1] })
    broker.serveTopics([broker], [topic([1, 2])])

    tracker.search()
    assert.deepEqual([tracker.leaderOf(0, 0), tracker.leaderOf(0, 1)], [1, 1])
    await clock.passPause()
    await found.next()

    assert.deepEqual([tracker.leaderOf(0, 0), tracker.leaderOf(0, 1)], [1, 2])
  })

  it('searches once, whoever asks meanwhile', async (t) => {
    const { broker, clock, found, tracker } = await start(t)
    broker.hold(metadata)

    tracker.search()
    tracker.search()
    await clock.passPause()
    const search = await broker.take(metadata)
    tracker.search()
    assert.equal(clock.pauseCount, 0)
    search.answer(describeTopics(search.request, [broker], [topic([1])]))
    await found.next()

    assert.equal(broker.waitingCount, 0)
    assert.equal(found.length, 0)
  })

  it('pauses longer from search to search, and shortly again when all is well', async (t) => {
    const { clock, found, tracker } = await start(t)
    const pauses = []
    for (const isWell of [false, false, false, true]) {
      tracker.search()
      pauses.push(Math.round(await clock.passPause()))
      await found.next()
      if (isWell) tracker.recovered()
    }
    tracker.search()
    pauses.push(Math.round(await clock.passPause()))

    assert.deepEqual(pauses, [20, 40, 80, 160, 20])
  })

  it('repeats a search that fails for now', async (t) => {
    const { broker, clock, found, tracker } = await start(t)
    broker.hold(metadata)

    tracker.search()
    await clock.passPause()
    ;(await broker.take(metadata)).raw.reset()
    await clock.passPause()
    const search = await broker.take(metadata)
    search.answer(describeTopics(search.request, [broker], [topic([1])]))
    await found.next()

    assert.equal(tracker.isWaiting, true)
  })

  it('tells of the wait until all is well', async (t) => {
    const { clock, reports, tracker } = await start(t)
    assert.equal(tracker.isWaiting, false)

    assert.equal(tracker.failed(refused, 0), true)
    await clock.advance(1_000)

    assert.equal(tracker.isWaiting, true)
    assert.deepEqual(reports, ['reading topic "orders"'])
    tracker.recovered()
    assert.equal(tracker.isWaiting, false)
  })

  it('gives up what is repeated for too long, when it fails and when a search does', async (t) => {
    const { broker, clock, failures, tracker } = await start(t, { retryMs: 1_000, oldestMs: () => 0 })
    await clock.advance(1_000)
    assert.equal(tracker.failed(refused, 0), true)
    await clock.advance(1)

    assert.equal(tracker.failed(refused, 0), false)
    assert.deepEqual(failures, [{ code: 'KAFKA_UNAVAILABLE', isOverdue: true }])
    tracker.search()
    await broker[Symbol.asyncDispose]()
    await clock.passPause()
    await settled()

    assert.deepEqual(failures.slice(1), [{ code: 'KAFKA_CONNECTION_FAILED', isOverdue: true }])
  })

  it('has nothing to give up while nothing is repeated', async (t) => {
    const { broker, clock, failures, tracker } = await start(t, { retryMs: 1_000 })
    await clock.advance(10_000)
    tracker.search()
    await broker[Symbol.asyncDispose]()
    await clock.passPause()
    await settled()

    assert.deepEqual(failures, [])
    assert.equal(tracker.isWaiting, true)
  })

  const ends = {
    'was created anew': {
      topics: [topic([1], Buffer.from('another topic id').toString('base64url'))],
      code: 'KAFKA_TOPIC_RECREATED',
    },
    'was deleted': { topics: [], code: 'KAFKA_TOPIC_MISSING' },
  }
  for (const [what, { topics, code }] of Object.entries(ends)) {
    it(`fails when a topic ${what}`, async (t) => {
      const { broker, clock, failures, found, tracker } = await start(t)
      broker.serveTopics([broker], topics)

      tracker.search()
      await clock.passPause()
      await settled()

      assert.deepEqual(failures, [{ code, isOverdue: false }])
      assert.equal(found.length, 0)
    })
  }

  it('leaves a leader alone for as long as that throttles, by its last word', async (t) => {
    const { clock, freed, tracker } = await start(t)

    tracker.throttle(1, 0)
    assert.equal(tracker.isThrottled(1), false)
    tracker.throttle(1, 300)
    tracker.throttle(1, 700)
    tracker.throttle(2, 900)
    await clock.advance(699)
    assert.deepEqual([tracker.isThrottled(1), tracker.isThrottled(2), freed], [true, true, []])
    await clock.advance(1)

    assert.deepEqual([tracker.isThrottled(1), tracker.isThrottled(2), freed], [false, true, [1]])
  })

  it('does nothing more once it was stopped, and begins anew when something fails after that', async (t) => {
    const { broker, clock, found, freed, tracker } = await start(t)
    broker.hold(metadata)
    tracker.search()
    await clock.passPause()
    const search = await broker.take(metadata)
    tracker.failed(refused, 0)
    tracker.throttle(1, 500)

    tracker.stop()
    search.answer(describeTopics(search.request, [broker], [topic([2])]))
    await settled()
    await clock.advance(500)

    assert.deepEqual([tracker.isWaiting, tracker.isThrottled(1), freed, found.length], [false, false, [], 0])
    assert.equal(tracker.leaderOf(0, 0), 1)
    tracker.search()
    assert.equal(clock.pauseCount, 1)
  })
})

async function start(
  t: TestContext,
  {
    leaders = [1],
    retryMs = 60_000,
    oldestMs = () => Infinity,
  }: { leaders?: PeerTopic['leaders']; retryMs?: number; oldestMs?: () => number } = {},
) {
  const broker = await ScriptedBroker.start(1)
  broker.serveTopics([broker], [topic(leaders)])
  const clock = new PauseClock()
  // The whole of each pause.
  const random = { nextUint32: () => 0xffff_ffff }
  const reports: string[] = []
  const waits = new BrokerWaits({ clock, onWaiting: ({ waitingFor }) => reports.push(waitingFor), onOver() {} })
  const cluster = new Cluster({ bootstrapServers: broker.bootstrapServers, clock, random, retryMs, waits })
  const found = new Queue<true>()
  const freed: number[] = []
  const failures: { code: string; isOverdue: boolean }[] = []
  const tracker = new LeaderTracker({
    cluster,
    topics: await cluster.topics(['orders']),
    what: 'reading topic "orders"',
    oldestMs,
    onFound: () => found.push(true),
    onFree: (leader) => freed.push(leader),
    onFailed: ({ code }, isOverdue) => failures.push({ code, isOverdue }),
  })
  t.after(async () => {
    tracker.stop()
    await cluster.close()
    await broker[Symbol.asyncDispose]()
  })
  return { broker, clock, failures, found, freed, reports, tracker }
}
