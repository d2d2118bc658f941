import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import {
  describeTopics,
  initProducerId,
  metadata,
  PauseClock,
  type PeerTopic,
  produce,
  ScriptedBroker,
  settled,
} from '../../../test/kafka-peer/index.ts'
import type { MillraceError } from '../../core/errors.ts'
import { OutputBatch } from '../../kernel/index.ts'
import { Cluster } from '../cluster/cluster.ts'
import { Producer } from './producer.ts'

const notLeader = 6
const messageTooLarge = 10
const notEnoughReplicas = 19
const outOfOrderSequence = 45
const duplicateSequence = 46

const identity = { producerId: 4711, epoch: 2 }

describe('Producer', () => {
  it('numbers the records of each partition and says who wrote them', async (t) => {
    const { broker, send } = await start(t, { leaders: [1, 1] })

    const stored = send(0, { count: 3 })
    void send(1, { count: 5 })
    const first = await takeProduce(broker)
    first.answer()
    await stored
    void send(0, { count: 2 })
    const second = await takeProduce(broker)

    assert.deepEqual(first.batches, [
      { partition: 0, sequence: 0, count: 3, ...identity },
      { partition: 1, sequence: 0, count: 5, ...identity },
    ])
    assert.deepEqual(second.batches, [{ partition: 0, sequence: 3, count: 2, ...identity }])
  })

  it('goes back to sequence 0 after the last of 31 bits', async (t) => {
    const { broker, send } = await start(t)

    const sequences = []
    for (const count of [2 ** 31 - 2, 3, 1]) {
      void send(0, { count })
      const request = await takeProduce(broker)
      request.answer()
      sequences.push(...request.sequences)
    }

    assert.deepEqual(sequences, [0, 2 ** 31 - 2, 1])
  })

  it('sends the first batch of a partition alone, since a broker would take any sequence for the first', async (t) => {
    const { broker, clock, send } = await start(t)
    for (let i = 0; i < 3; i++) void send(0)

    const first = await takeProduce(broker)
    await settled()
    assert.equal(broker.waitingCount, 0)
    first.answer({ 0: notEnoughReplicas })
    await clock.passPause()
    const again = await takeProduce(broker)
    await settled()
    assert.equal(broker.waitingCount, 0)
    again.answer()

    assert.deepEqual(again.sequences, [0])
    assert.deepEqual((await takeProduce(broker)).sequences, [1])
    assert.deepEqual((await takeProduce(broker)).sequences, [2])
  })

  it('has at most five requests under way to a leader', async (t) => {
    const { broker, send } = await startWithOneStored(t)
    for (let i = 1; i <= 7; i++) void send(0)

    const requests = await takeProduces(broker, 5)
    await settled()
    assert.equal(broker.waitingCount, 0)
    requests[0]!.answer()

    assert.deepEqual((await takeProduce(broker)).sequences, [6])
    await settled()
    assert.equal(broker.waitingCount, 0)
  })

  it('sends what follows a batch that failed again after it, with the same sequences', async (t) => {
    const { broker, clock, send } = await startWithOneStored(t)
    const stored = [send(0), send(0), send(0)]

    const [first, second, third] = await takeProduces(broker, 3)
    first!.answer({ 0: notEnoughReplicas })
    second!.answer({ 0: outOfOrderSequence })
    third!.answer({ 0: outOfOrderSequence })
    await clock.passPause()
    const repeats = await takeProduces(broker, 3)
    for (const repeat of repeats) repeat.answer()

    await Promise.all(stored)
    assert.deepEqual(
      repeats.map(({ sequences }) => sequences),
      [[1], [2], [3]],
    )
  })

  it('keeps the order when a batch is stored that follows one of unknown outcome', async (t) => {
    const { broker, clock, send } = await startWithOneStored(t)
    void send(0)
    const second = send(0)

    const requests = await takeProduces(broker, 2)
    requests[0]!.answer({ 0: notEnoughReplicas })
    requests[1]!.answer()
    await second
    void send(0)
    await clock.passPause()

    assert.deepEqual((await takeProduce(broker)).sequences, [1])
    assert.deepEqual((await takeProduce(broker)).sequences, [3])
  })

  it('repeats what was under way when the connection broke; a batch that was stored before counts as stored', async (t) => {
    const { broker, clock, producer, send } = await startWithOneStored(t)
    const stored = [send(0), send(0)]

    await takeProduces(broker, 2)
    broker.disconnect()
    await clock.passPause()
    const repeats = await takeProduces(broker, 2)
    for (const repeat of repeats) repeat.answer({ 0: duplicateSequence })

    await Promise.all(stored)
    await producer.flush()
    assert.deepEqual(
      repeats.map(({ sequences }) => sequences),
      [[1], [2]],
    )
  })

  it('repeats what a broker answers with nonsense, or not at all', async (t) => {
    const { broker, clock, send } = await start(t)
    const stored = send(0)

    const { raw } = await takeProduce(broker)
    void raw.send(raw.frame(Buffer.of(0, 200)))
    await clock.passPause()
    const second = await takeProduce(broker)
    second.answerWith([])
    await clock.passPause()
    ;(await takeProduce(broker)).answer()

    await stored
  })

  it('follows a partition to its new leader', async (t) => {
    const other = await ScriptedBroker.start(2)
    t.after(() => other[Symbol.asyncDispose]())
    const { broker, clock, send } = await start(t)
    void send(0)
    const request = await takeProduce(broker)
    broker.serveTopics([broker, other], [{ name: 'sink', leaders: [2] }])

    request.answer({ 0: notLeader })
    await clock.passPause()

    assert.deepEqual((await takeProduce(other)).sequences, [0])
  })

  it('stays with the leader it knows while batches are under way there', async (t) => {
    const other = await ScriptedBroker.start(2)
    t.after(() => other[Symbol.asyncDispose]())
    const { broker, clock, send } = await startWithOneStored(t, { leaders: [1, 1] })
    void send(0)
    const moved = await takeProduce(broker)
    void send(1)
    await takeProduce(broker)
    broker.serveTopics([broker, other], [{ name: 'sink', leaders: [2, 2] }])

    moved.answer({ 0: notLeader })
    await clock.passPause()
    await takeProduce(other)
    void send(1)

    assert.deepEqual((await takeProduce(broker)).batches, [{ partition: 1, sequence: 2, count: 1, ...identity }])
    assert.equal(other.waitingCount, 0)
  })

  it('goes on with a partition that fails while leaders are looked for on behalf of another', async (t) => {
    const { broker, clock, send } = await startWithOneStored(t, { leaders: [1, 1] })
    broker.hold(metadata)
    void send(0)
    const first = await takeProduce(broker)
    void send(1)
    const second = await takeProduce(broker)

    first.answer({ 0: notLeader })
    await clock.passPause()
    const search = await broker.take(metadata)
    second.answer({ 1: notLeader })
    await settled()
    search.answer(describeTopics(search.request, [broker], [{ name: 'sink', leaders: [1, 1] }]))

    const repeats = await takeProduce(broker)
    assert.deepEqual(
      repeats.batches.map(({ partition }) => partition),
      [0, 1],
    )
  })

  it('waits until the rest of a partition is answered when leaders are found meanwhile', async (t) => {
    const { broker, clock, send } = await startWithOneStored(t)
    void send(0)
    void send(0)
    const [first, second] = await takeProduces(broker, 2)

    first!.answer({ 0: notEnoughReplicas })
    await settled()
    assert.equal(clock.pauseCount, 0)
    second!.answer({ 0: outOfOrderSequence })
    await clock.passPause()

    assert.deepEqual((await takeProduce(broker)).sequences, [1])
    assert.deepEqual((await takeProduce(broker)).sequences, [2])
  })

  it('pauses longer from failure to failure, and shortly again after a success', async (t) => {
    const { broker, clock, send } = await start(t)
    const pauses = []
    const stored = send(0)
    for (let failures = 0; failures < 4; failures++) {
      ;(await takeProduce(broker)).answer({ 0: notEnoughReplicas })
      pauses.push(Math.round(await clock.passPause()))
    }
    ;(await takeProduce(broker)).answer()
    await stored
    void send(0)
    ;(await takeProduce(broker)).answer({ 0: notEnoughReplicas })
    pauses.push(Math.round(await clock.passPause()))

    assert.deepEqual(pauses, [20, 40, 80, 160, 20])
  })

  it('leaves a broker alone for as long as that throttles', async (t) => {
    const { broker, clock, send, throttles } = await start(t)
    const stored = send(0)
    ;(await takeProduce(broker)).answer({}, 700)
    await stored
    assert.deepEqual(throttles, [700])
    void send(0)
    await settled()
    assert.equal(broker.waitingCount, 0)

    assert.equal(await clock.passPause(), 700)

    assert.deepEqual((await takeProduce(broker)).sequences, [1])
  })

  it('flushes when everything is stored, also what was sent after the call', async (t) => {
    const { broker, producer, send } = await start(t)
    await producer.flush()
    const seen: string[] = []
    void send(0).then(() => seen.push('first'))
    const flushed = producer.flush().then(() => seen.push('flushed'))

    const first = await takeProduce(broker)
    void send(0).then(() => seen.push('second'))
    first.answer()
    ;(await takeProduce(broker)).answer()
    await flushed

    assert.deepEqual(seen, ['first', 'second', 'flushed'])
  })

  const fatal = {
    'a refusal that does not pass': { answer: messageTooLarge, code: 'KAFKA_REFUSED' },
    'a sequence out of order after no failure': { answer: outOfOrderSequence, code: 'KAFKA_REFUSED' },
  }
  for (const [what, { answer, code }] of Object.entries(fatal)) {
    it(`ends with ${what}`, async (t) => {
      const { broker, failure, producer, send } = await start(t)
      void send(0)
      const flushed = assert.rejects(producer.flush(), { code })

      ;(await takeProduce(broker)).answer({ 0: answer })

      assert.equal((await failure).code, code)
      await flushed
      await assert.rejects(producer.flush(), { code })
    })
  }

  it('ends when a sink was created anew', async (t) => {
    const { broker, clock, failure, send } = await start(t)
    void send(0)
    const request = await takeProduce(broker)
    const id = Buffer.from('another topic id').toString('base64url')
    broker.serveTopics([broker], [{ name: 'sink', id, leaders: [1] }])

    request.answer({ 0: notLeader })
    await clock.passPause()

    assert.equal((await failure).code, 'KAFKA_TOPIC_RECREATED')
  })

  it('ends when a sink was deleted', async (t) => {
    const { broker, clock, failure, send } = await start(t)
    void send(0)
    const request = await takeProduce(broker)
    broker.serveTopics([broker], [])

    request.answer({ 0: notLeader })
    await clock.passPause()

    assert.equal((await failure).code, 'KAFKA_TOPIC_MISSING')
  })

  it('ends when a batch could not be written in time', async (t) => {
    const { broker, clock, failure, send } = await start(t, { retryMs: 1_000 })
    void send(0)
    const request = await takeProduce(broker)

    await clock.advance(1_001)
    request.answer({ 0: notEnoughReplicas })

    assert.equal((await failure).code, 'KAFKA_DELIVERY_TIMEOUT')
  })

  it('ends when there is no broker for too long', async (t) => {
    const { broker, clock, failure, send } = await start(t, { retryMs: 1_000 })
    void send(0)
    await takeProduce(broker)

    await broker[Symbol.asyncDispose]()
    let failed = false
    const ended = failure.then(() => (failed = true))
    while (!failed) await Promise.race([clock.passPause(), ended])

    assert.equal((await failure).code, 'KAFKA_DELIVERY_TIMEOUT')
    assert.equal((await failure).cause instanceof Error, true)
  })

  it('stops without waiting for answers, and does nothing more', async (t) => {
    const { broker, clock, producer, send } = await startWithOneStored(t)
    broker.hold(metadata)
    void send(0).then(() => assert.fail('a batch was reported as stored'))
    void send(0)
    const [first, second] = await takeProduces(broker, 2)
    first!.answer({ 0: notLeader })
    second!.answer({ 0: notLeader })
    await clock.passPause()
    const search = await broker.take(metadata)
    const flushed = assert.rejects(producer.flush(), { code: 'KAFKA_CLOSED' })

    producer.stop()
    search.raw.reset()
    await settled()

    await flushed
    assert.equal(clock.pauseCount, 0)
    assert.equal(broker.waitingCount, 0)
  })
})

interface StartOptions {
  leaders?: PeerTopic['leaders']
  retryMs?: number
}

async function start(t: TestContext, { leaders = [1], retryMs = 60_000 }: StartOptions = {}) {
  const broker = await ScriptedBroker.start(1)
  broker.serveTopics([broker], [{ name: 'sink', leaders }])
  broker.serve(initProducerId, () => ({ errorCode: 0, producerId: identity.producerId, producerEpoch: identity.epoch }))
  const clock = new PauseClock()
  // The whole of each pause.
  const random = { nextUint32: () => 0xffff_ffff }
  const cluster = new Cluster({ bootstrapServers: broker.bootstrapServers, clock, random, retryMs })
  const failure = Promise.withResolvers<MillraceError>()
  const throttles: number[] = []
  const producer = new Producer({
    cluster,
    topics: await cluster.topics(['sink']),
    onFailed: failure.resolve,
    onThrottled: (ms) => throttles.push(ms),
  })
  await producer.begin()
  t.after(async () => {
    producer.stop()
    await cluster.close()
    await broker[Symbol.asyncDispose]()
  })
  /** Resolves when the batch is stored. */
  const send = (partition: number, { count = 1 } = {}) =>
    new Promise<void>((resolve) => {
      const batch = new OutputBatch(100)
      batch.reset(0, partition)
      batch.count = count
      producer.send(batch, resolve)
    })
  return { broker, clock, failure: failure.promise, producer, send, throttles }
}

/** Every partition has stored one record, so that several batches of it may be under way. */
async function startWithOneStored(t: TestContext, options: StartOptions = {}) {
  const started = await start(t, options)
  const stored = Promise.all((options.leaders ?? [1]).map((_, partition) => started.send(partition)))
  ;(await takeProduce(started.broker)).answer()
  await stored
  return started
}

async function takeProduce(broker: ScriptedBroker) {
  const { raw, request, answer } = await broker.take(produce)
  const batches = request.topicData.flatMap(({ partitionData }) =>
    partitionData.map(({ index, records }) => ({
      partition: index,
      sequence: records!.readInt32BE(53),
      count: records!.readInt32BE(57),
      producerId: Number(records!.readBigInt64BE(43)),
      epoch: records!.readInt16BE(51),
    })),
  )
  const answerWith = (partitionResponses: { index: number; errorCode: number }[], throttleTimeMs = 0) =>
    answer({ responses: [{ name: 'sink', partitionResponses }], throttleTimeMs })
  return {
    raw,
    batches,
    sequences: batches.map(({ sequence }) => sequence),
    answerWith,
    answer: (errorCodes: Record<number, number> = {}, throttleTimeMs = 0) =>
      answerWith(
        batches.map(({ partition }) => ({ index: partition, errorCode: errorCodes[partition] ?? 0 })),
        throttleTimeMs,
      ),
  }
}

async function takeProduces(broker: ScriptedBroker, count: number) {
  const requests = []
  for (let i = 0; i < count; i++) requests.push(await takeProduce(broker))
  return requests
}
