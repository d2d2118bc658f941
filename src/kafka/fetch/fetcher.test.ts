import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import {
  describeTopics,
  fetch,
  listOffsets,
  metadata,
  PauseClock,
  type PeerTopic,
  Queue,
  ScriptedBroker,
  settled,
  topicId,
} from '../../../test/kafka-peer/index.ts'
import type { MillraceError } from '../../core/errors.ts'
import { Cluster } from '../cluster/cluster.ts'
import { type FetchedResponse, Fetcher } from './fetcher.ts'
import { RecordRate } from './record-rate.ts'
import { partitionsOf } from './topic-partition.ts'

const earliest = -2

const offsetOutOfRange = 1
const notLeader = 6
const topicAuthorizationFailed = 29
const storageError = 56
const unknownTopicId = 100

describe('Fetcher', () => {
  it('asks each leader for its partitions, from where they are to be read', async (t) => {
    const other = await startBroker(t, 2)
    const { broker, fetcher } = await start(t, { leaders: [1, 2, 1], others: [other], positions: [10, 2 ** 40, 30] })

    fetcher.start()
    const first = await takeFetch(broker)
    const second = await takeFetch(other)

    assert.deepEqual(first.asked, { 0: 10, 2: 30 })
    assert.deepEqual(second.asked, { 1: 2 ** 40 })
    const { topics, isolationLevel } = first.request
    assert.equal(topics[0]!.topicId, topicId)
    assert.equal(topics[0]!.partitions[0]!.currentLeaderEpoch, 7)
    assert.equal(isolationLevel, 1)
  })

  it('gives record batches on and asks for what follows them before they are used', async (t) => {
    const { broker, fetched, fetcher } = await start(t, { leaders: [1, 1] })
    fetcher.start()
    const batches = [batch(0, 3), batch(3, 2)]
    const aborted = [{ producerId: 9, firstOffset: 1 }]

    ;(await takeFetch(broker)).answer({ 0: { records: batches, abortedTransactions: aborted } })
    const { partitions } = await fetched.next()
    const { asked } = await takeFetch(broker)

    const { bytes, start: from, end, view, ...rest } = partitions[0]!
    assert.equal(partitions.length, 1)
    assert.deepEqual(Buffer.from(bytes.subarray(from, end)), Buffer.concat(batches))
    assert.equal(view.getInt32(from + 4), 0)
    assert.deepEqual(rest, {
      partition: 0,
      fromOffset: 0,
      nextOffset: 5,
      endOffset: -1,
      aborted: [{ producerId: 9n, firstOffset: 1 }],
    })
    assert.deepEqual(asked, { 0: 5, 1: 0 })
  })

  it('reads into memory that threads see where that is asked for, also what is larger than a response', async (t) => {
    const { broker, fetched, fetcher } = await start(t, { isShared: true })
    fetcher.start()

    ;(await takeFetch(broker)).answer({ 0: { records: [batch(0, 3)] } })
    const small = await fetched.next()
    ;(await takeFetch(broker)).answer({ 0: { records: Array.from({ length: 40_000 }, (_, at) => batch(3 + at, 1)) } })
    const large = await fetched.next()

    for (const { partitions } of [small, large]) assert.ok(partitions[0]!.bytes.buffer instanceof SharedArrayBuffer)
    assert.ok(large.partitions[0]!.bytes.length > small.partitions[0]!.bytes.length)
  })

  it('asks last for the partitions that were served, since a full response leaves the last ones out', async (t) => {
    const { broker, fetcher } = await start(t, { leaders: [1, 1, 1] })
    fetcher.start()

    ;(await takeFetch(broker)).answer({ 0: { records: [batch(0, 1)] }, 1: { records: [batch(0, 1)] }, 2: {} })

    assert.deepEqual((await takeFetch(broker)).order, [2, 0, 1])
  })

  it('asks no more for partitions that are read to their ends', async (t) => {
    const { broker, fetched, fetcher } = await start(t, { leaders: [1, 1], ends: [3, 5] })
    fetcher.start()

    ;(await takeFetch(broker)).answer({ 0: { records: [batch(0, 3)] }, 1: { records: [batch(0, 3)] } })
    ;(await fetched.next()).release()
    const second = await takeFetch(broker)
    second.answer({ 1: { records: [batch(3, 4)] } })
    ;(await fetched.next()).release()
    await settled()

    assert.deepEqual(second.asked, { 1: 3 })
    assert.equal(broker.waitingCount, 0)
  })

  it('asks no more while all its memory is in use, and again for each response that is given back', async (t) => {
    const { broker, fetched, fetcher } = await start(t, { buffersPerLeader: 2 })
    fetcher.start()
    for (let i = 0; i < 2; i++) (await takeFetch(broker)).answer({ 0: { records: [batch(i, 1)] } })
    const responses = [await fetched.next(), await fetched.next()]
    await settled()
    assert.equal(broker.waitingCount, 0)

    responses[0]!.release()
    responses[0]!.release()
    ;(await takeFetch(broker)).answer({ 0: { records: [batch(2, 1)] } })
    await fetched.next()
    await settled()

    assert.equal(broker.waitingCount, 0)
  })

  it('keeps what it has given on as it was until it is given back', async (t) => {
    const { broker, fetched, fetcher } = await start(t, { buffersPerLeader: 2 })
    fetcher.start()
    ;(await takeFetch(broker)).answer({ 0: { records: [batch(0, 1)] } })
    const first = await fetched.next()
    ;(await takeFetch(broker)).answer({ 0: { records: [batch(1, 1)] } })
    await fetched.next()

    assert.deepEqual(offsetsIn(first), [0])
  })

  it('asks again when there was nothing', async (t) => {
    const { broker, fetched, fetcher } = await start(t, { buffersPerLeader: 1 })
    fetcher.start()

    for (let i = 0; i < 3; i++) (await takeFetch(broker)).answer({ 0: {} })
    ;(await takeFetch(broker)).answer({ 0: { records: [batch(0, 1)] } })

    assert.deepEqual(offsetsIn(await fetched.next()), [0])
  })

  it('reads a batch that is larger than its memory', async (t) => {
    const { broker, fetched, fetcher } = await start(t, { fetchBytes: 1024 })
    fetcher.start()

    ;(await takeFetch(broker)).answer({ 0: { records: [batch(0, 1, 3 << 20)] } })

    const response = await fetched.next()
    assert.equal(response.partitions[0]!.end - response.partitions[0]!.start, 3 << 20)
    response.release()
    assert.deepEqual((await takeFetch(broker)).asked, { 0: 1 })
  })

  it('passes over a batch that was cut off, and asks for it again', async (t) => {
    const { broker, fetched, fetcher } = await start(t, { leaders: [1, 1] })
    fetcher.start()
    const cut = batch(5, 5).subarray(0, 40)

    ;(await takeFetch(broker)).answer({ 0: { records: [batch(0, 5), cut] }, 1: { records: [cut] } })

    const { partitions } = await fetched.next()
    assert.deepEqual(
      partitions.map(({ partition, nextOffset }) => ({ partition, nextOffset })),
      [{ partition: 0, nextOffset: 5 }],
    )
    const { asked, order } = await takeFetch(broker)
    assert.deepEqual(asked, { 0: 5, 1: 0 })
    assert.deepEqual(order, [1, 0])
  })

  it('fails when the first batch of a response does not come whole, which it would ask for without end', async (t) => {
    const { broker, failure, fetcher } = await start(t)
    const damaged = batch(0, 1)
    damaged.writeInt32BE(-61, 8)
    fetcher.start()

    ;(await takeFetch(broker)).answer({ 0: { records: [damaged] } })

    const { code, details } = await failure
    assert.equal(code, 'KAFKA_BATCH_CORRUPT')
    assert.deepEqual(details, { topic: 'source', partition: 0, offset: 0 })
  })

  it('follows a partition to its new leader and meanwhile reads the others', async (t) => {
    const other = await startBroker(t, 2)
    const { broker, clock, fetcher } = await start(t, { leaders: [1, 1], others: [other] })
    fetcher.start()
    const request = await takeFetch(broker)
    broker.serveTopics([broker, other], [{ name: 'source', leaders: [1, 2] }])

    request.answer({ 0: { records: [batch(0, 4)] }, 1: { errorCode: notLeader } })

    assert.deepEqual((await takeFetch(broker)).asked, { 0: 4 })
    await clock.passPause()
    assert.deepEqual((await takeFetch(other)).asked, { 1: 0 })
  })

  const breaks = {
    'a broken connection': (request: TakenFetch) => request.raw.reset(),
    'a response that cannot be read': ({ raw }: TakenFetch) => void raw.send(raw.frame(Buffer.of(0, 0))),
    'an error of the whole request': (request: TakenFetch) => request.answer({}, { errorCode: storageError }),
  }
  for (const [what, breakOff] of Object.entries(breaks)) {
    it(`goes on from the same offsets after ${what}`, async (t) => {
      const { broker, clock, fetched, fetcher } = await start(t, { leaders: [1, 1], buffersPerLeader: 1 })
      fetcher.start()
      ;(await takeFetch(broker)).answer({ 0: { records: [batch(0, 4)] } })
      ;(await fetched.next()).release()

      breakOff(await takeFetch(broker))
      await clock.passPause()

      assert.deepEqual((await takeFetch(broker)).asked, { 0: 4, 1: 0 })
    })
  }

  it('gives up a partition that fails for too long, though others are read meanwhile', async (t) => {
    const { broker, clock, failure, fetcher } = await start(t, { leaders: [1, 1], retryMs: 1_000 })
    broker.serve(fetch, ({ topics }) => {
      const partitions = topics[0]!.partitions.map(({ partition }) => ({
        partitionIndex: partition,
        errorCode: partition === 1 ? notLeader : 0,
        records: [],
      }))
      return { responses: [{ topicId, partitions }] }
    })
    fetcher.start()

    const pauses = await pauseUntil(clock, failure)

    assert.ok(pauses < 10, 'pauses grow')
    const { code, message } = await failure
    assert.equal(code, 'KAFKA_UNAVAILABLE')
    assert.match(message, /partition 1: NOT_LEADER_OR_FOLLOWER/)
  })

  it('gives up when no broker can be reached for too long', async (t) => {
    const { broker, clock, failure, fetcher } = await start(t, { retryMs: 1_000 })
    fetcher.start()
    await takeFetch(broker)

    await broker[Symbol.asyncDispose]()
    await pauseUntil(clock, failure)

    assert.equal((await failure).code, 'KAFKA_CONNECTION_FAILED')
  })

  it('fails when its offset is not in the log', async (t) => {
    const { broker, failure, fetcher } = await start(t, { positions: [5] })
    fetcher.start()

    broker.serve(listOffsets, ({ topics }) => {
      const { timestamp } = topics[0]!.partitions[0]!
      const offset = timestamp === earliest ? 8 : 20
      return { topics: [{ name: 'source', partitions: [{ partitionIndex: 0, errorCode: 0, offset }] }] }
    })

    ;(await takeFetch(broker)).answer({ 0: { errorCode: offsetOutOfRange } })

    const { code, details } = await failure
    assert.equal(code, 'KAFKA_OFFSET_LOST')
    assert.deepEqual(details, { topic: 'source', partition: 0, offset: 5, logStart: 8, logEnd: 20 })
  })

  it('fails when a broker refuses for good', async (t) => {
    const { broker, failure, fetcher } = await start(t)
    fetcher.start()

    ;(await takeFetch(broker)).answer({ 0: { errorCode: topicAuthorizationFailed } })

    assert.equal((await failure).code, 'KAFKA_REFUSED')
  })

  it('fails when the topic was created anew', async (t) => {
    const { broker, clock, failure, fetcher } = await start(t)
    fetcher.start()
    const request = await takeFetch(broker)
    const id = Buffer.from('another topic id').toString('base64url')
    broker.serveTopics([broker], [{ name: 'source', id, leaders: [1] }])

    request.answer({ 0: { errorCode: unknownTopicId } })
    await clock.passPause()

    assert.equal((await failure).code, 'KAFKA_TOPIC_RECREATED')
  })

  it('fails when the topic was deleted', async (t) => {
    const { broker, clock, failure, fetcher } = await start(t)
    fetcher.start()
    const request = await takeFetch(broker)
    broker.serveTopics([broker], [])

    request.answer({ 0: { errorCode: unknownTopicId } })
    await clock.passPause()

    assert.equal((await failure).code, 'KAFKA_TOPIC_MISSING')
  })

  it('leaves a broker alone for as long as that throttles, whatever is given back', async (t) => {
    const { broker, clock, fetched, fetcher } = await start(t)
    fetcher.start()

    ;(await takeFetch(broker)).answer({ 0: { records: [batch(0, 1)] } }, { throttleTimeMs: 700 })
    ;(await fetched.next()).release()
    await settled()
    assert.equal(broker.waitingCount, 0)

    assert.equal(await clock.passPause(), 700)
    assert.deepEqual((await takeFetch(broker)).asked, { 0: 1 })
  })

  it('takes no notice of what is answered once it was stopped', async (t) => {
    const { broker, clock, fetched, fetcher } = await start(t, { leaders: [1, 1] })
    fetcher.start()
    const request = await takeFetch(broker)

    fetcher.stop()
    request.answer({ 0: { errorCode: notLeader }, 1: { records: [batch(0, 1)] } })
    await settled()

    assert.equal(fetched.length, 0)
    assert.equal(clock.pauseCount, 0)
    assert.equal(broker.waitingCount, 0)
  })

  it('asks for nothing when it is stopped while it connects', async (t) => {
    const { broker, fetcher } = await start(t)

    fetcher.start()
    fetcher.stop()
    await settled()

    assert.equal(broker.waitingCount, 0)
  })

  it('does nothing more when it is stopped while it looks for leaders', async (t) => {
    const { broker, clock, fetcher } = await start(t)
    fetcher.start()
    broker.hold(metadata)
    ;(await takeFetch(broker)).answer({ 0: { errorCode: notLeader } })
    await clock.passPause()
    const search = await broker.take(metadata)

    fetcher.stop()
    search.answer(describeTopics(search.request, [broker], [{ name: 'source', leaders: [1] }]))
    await settled()

    assert.equal(clock.pauseCount, 0)
    assert.equal(broker.waitingCount, 0)
  })
})

describe('Fetcher of partitions that have a rate', () => {
  it('asks for them as soon as their records are paid for, and for the others meanwhile', async (t) => {
    const rates = [100, 100, undefined]
    const { broker, clock, fetched, fetcher } = await start(t, { leaders: [1, 1, 1], recordsPerSecondMax: rates })
    fetcher.start()
    const first = await takeFetch(broker)
    assert.deepEqual(bytesIn(first), { 0: 1, 1: 1, 2: 1024 })

    first.answer({ 0: { records: [batch(0, 150)] }, 2: { records: [batch(0, 9_000)] } })
    ;(await fetched.next()).release()
    // 50 records are a debt of half a second, and a request is worth a tenth of one.
    const second = await takeFetch(broker)
    assert.deepEqual(second.asked, { 2: 9_000 })
    second.answer({})
    await clock.advance(599)
    const third = await takeFetch(broker)
    assert.deepEqual(third.order, [2])
    await clock.advance(1)
    third.answer({})

    assert.deepEqual((await takeFetch(broker)).asked, { 0: 150, 1: 0, 2: 9_000 })
  })

  it('asks again by itself where none may be read for a time, and each for its share of what may', async (t) => {
    const { broker, clock, fetched, fetcher } = await start(t, { leaders: [1, 1], recordsPerSecondMax: [100, 100] })
    fetcher.start()
    ;(await takeFetch(broker)).answer({ 1: { records: [batch(0, 100, 1_000)] } })
    ;(await fetched.next()).release()
    await settled()
    assert.equal(broker.waitingCount, 0)

    assert.equal(await clock.passPause(), 100)

    // Ten records of ten bytes each, for two.
    const second = await takeFetch(broker)
    assert.deepEqual(bytesIn(second), { 0: 50, 1: 50 })
    second.answer({ 0: { records: [batch(0, 60)] } })
    ;(await fetched.next()).release()
    await settled()
    assert.equal(await clock.passPause(), 600)
    assert.deepEqual((await takeFetch(broker)).asked, { 0: 60, 1: 100 })
  })

  it('looks no more once it was stopped', async (t) => {
    const { broker, clock, fetched, fetcher } = await start(t, { recordsPerSecondMax: [1] })
    fetcher.start()
    ;(await takeFetch(broker)).answer({ 0: { records: [batch(0, 1_000)] } })
    ;(await fetched.next()).release()
    await settled()
    assert.ok(clock.pendingTimers > 0)

    fetcher.stop()

    assert.equal(clock.pendingTimers, 0)
  })

  it('asks for one that fails, because only an answer says that it does not any more', async (t) => {
    const { broker, clock, fetched, fetcher } = await start(t, { leaders: [1, 1], recordsPerSecondMax: [1, 1] })
    fetcher.start()
    const first = await takeFetch(broker)
    first.answer({ 0: { errorCode: notLeader }, 1: { records: [batch(0, 1_000)] } })
    ;(await fetched.next()).release()

    const again = takeFetch(broker)
    await pauseUntil(clock, again)

    assert.deepEqual((await again).asked, { 0: 0 })
  })
})

interface StartOptions {
  ends?: number[]
  leaders?: PeerTopic['leaders']
  others?: readonly ScriptedBroker[]
  positions?: readonly number[]
  fetchBytes?: number
  buffersPerLeader?: number
  isShared?: boolean
  retryMs?: number
  /** Records a second of each partition; those with the same number share a rate. */
  recordsPerSecondMax?: readonly (number | undefined)[]
}

async function startBroker(t: TestContext, nodeId: number): Promise<ScriptedBroker> {
  const broker = await ScriptedBroker.start(nodeId)
  t.after(() => broker[Symbol.asyncDispose]())
  return broker
}

async function start(t: TestContext, options: StartOptions = {}) {
  const { leaders = [1], others = [], positions = leaders.map(() => 0), retryMs = 60_000 } = options
  const { fetchBytes = 4096, buffersPerLeader = 2, recordsPerSecondMax } = options
  const broker = await startBroker(t, 1)
  broker.serveTopics([broker, ...others], [{ name: 'source', leaders }])
  const clock = new PauseClock()
  const cluster = new Cluster({ bootstrapServers: broker.bootstrapServers, clock, retryMs })
  const [topic] = await cluster.topics(['source'])
  const rates = new Map(recordsPerSecondMax?.map((max) => [max, max && new RecordRate(clock, max)]))
  const fetched = new Queue<FetchedResponse>()
  const failure = Promise.withResolvers<MillraceError>()
  const fetcher = new Fetcher(
    {
      cluster,
      partitions: partitionsOf(topic!),
      fetchBytes,
      partitionBytes: 1024,
      rates: recordsPerSecondMax?.map((max) => rates.get(max) || undefined),
      maxWaitMs: 500,
      buffersPerLeader,
      isShared: options.isShared,
      ends: options.ends,
      onFetched: (response) => fetched.push(response),
      onFailed: failure.resolve,
    },
    positions,
  )
  t.after(async () => {
    fetcher.stop()
    await cluster.close()
  })
  return { broker, clock, failure: failure.promise, fetched, fetcher }
}

interface PartitionAnswer {
  errorCode?: number
  abortedTransactions?: { producerId: number; firstOffset: number }[]
  records?: Buffer[]
}

type TakenFetch = Awaited<ReturnType<typeof takeFetch>>

async function takeFetch(broker: ScriptedBroker) {
  const { raw, request, answer } = await broker.take(fetch)
  const { partitions } = request.topics[0]!
  return {
    raw,
    request,
    /** Offset by partition. */
    asked: Object.fromEntries(partitions.map(({ partition, fetchOffset }) => [partition, fetchOffset])),
    order: partitions.map(({ partition }) => partition),
    answer(answers: Record<number, PartitionAnswer>, { throttleTimeMs = 0, errorCode = 0 } = {}) {
      const answered = Object.entries(answers).map(([partition, { errorCode = 0, records = [], ...rest }]) => ({
        partitionIndex: Number(partition),
        errorCode,
        records,
        ...rest,
      }))
      answer({ throttleTimeMs, errorCode, responses: [{ topicId, partitions: answered }] })
    },
  }
}

/** Bytes that are asked for, by partition. */
function bytesIn({ request }: TakenFetch): Record<number, number> {
  const { partitions } = request.topics[0]!
  return Object.fromEntries(partitions.map(({ partition, partitionMaxBytes }) => [partition, partitionMaxBytes]))
}

/** The header of a record batch, and zeros for its records. */
function batch(baseOffset: number, count: number, bytes = 61): Buffer {
  const header = Buffer.alloc(bytes)
  header.writeBigInt64BE(BigInt(baseOffset), 0)
  header.writeInt32BE(bytes - 12, 8)
  header.writeInt8(2, 16)
  header.writeInt32BE(count - 1, 23)
  header.writeInt32BE(count, 57)
  return header
}

function offsetsIn({ partitions }: FetchedResponse): number[] {
  return partitions.map(({ view, start: from }) => Number(view.getBigInt64(from)))
}

/** Passes one pause after another until something has happened; returns their number. */
async function pauseUntil(clock: PauseClock, event: Promise<unknown>): Promise<number> {
  let hasHappened = false
  const happened = event.then(() => (hasHappened = true))
  for (let pauses = 0; ; pauses++) {
    await Promise.race([clock.passPause(), happened])
    if (hasHappened) return pauses
  }
}
