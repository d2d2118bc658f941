import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { PauseClock, produce, ScriptedBroker, settled } from '../../../test/kafka-peer/index.ts'
import { type Clock, systemClock } from '../../core/clock.ts'
import { sendBatches } from './batch-sender.ts'
import { Cluster } from '../cluster/cluster.ts'
import { recordBatch } from '../fixtures/record-batch.ts'

const notLeader = 6
const messageTooLarge = 10

describe('sendBatches', () => {
  it('sends to each leader its partitions together, and a second batch of a partition after the first', async (t) => {
    const other = await ScriptedBroker.start(2)
    t.after(() => other[Symbol.asyncDispose]())
    const { broker, send } = await start(t, { leaders: [1, 1, 2], others: [other] })
    const sent: number[] = []
    const sending = send([0, 1, 2, 0], (bytes) => sent.push(bytes))

    const first = await takeProduce(broker)
    const second = await takeProduce(broker)
    const third = await takeProduce(other)
    for (const request of [first, second, third]) request.answer()
    await sending

    assert.deepEqual([first.partitions, second.partitions, third.partitions], [[0, 1], [0], [2]])
    const { length } = recordBatch(1)
    assert.deepEqual(
      sent.toSorted((a, b) => a - b),
      [length, length, 2 * length],
    )
  })

  it('has at most five requests under way', async (t) => {
    const { broker, send } = await start(t)
    const sending = send([0, 0, 0, 0, 0, 0, 0])

    const requests = []
    for (let i = 0; i < 5; i++) requests.push(await takeProduce(broker))
    await settled()
    assert.equal(broker.waitingCount, 0)
    for (const request of requests) request.answer()
    for (let i = 0; i < 2; i++) (await takeProduce(broker)).answer()

    await sending
  })

  it('fails when the broker refuses a batch', async (t) => {
    const { broker, send } = await start(t)
    const refused = assert.rejects(send([0]), {
      code: 'KAFKA_REFUSED',
      message: 'writing to topic "orders", partition 0: MESSAGE_TOO_LARGE',
    })

    ;(await takeProduce(broker)).answer(() => messageTooLarge)

    await refused
  })

  it('sends again what a leader refuses for now, and nothing else', async (t) => {
    const { broker, send } = await start(t, { leaders: [1, 1] })
    const sending = send([0, 1])

    ;(await takeProduce(broker)).answer((partition) => (partition === 1 ? notLeader : 0))
    const again = await takeProduce(broker)
    again.answer()
    await sending

    assert.deepEqual(again.partitions, [1])
  })

  it('sends to the new leader what the one before refuses because it leads no more', async (t) => {
    const other = await ScriptedBroker.start(2)
    t.after(() => other[Symbol.asyncDispose]())
    const { broker, send } = await start(t)
    const sending = send([0])

    const request = await takeProduce(broker)
    broker.serveTopics([broker, other], [{ name: 'orders', leaders: [2] }])
    request.answer(() => notLeader)
    ;(await takeProduce(other)).answer()

    await sending
  })

  it('leaves a leader alone for as long as that throttles', async (t) => {
    const clock = new PauseClock()
    const { broker, send } = await start(t, { clock })
    const sending = send([0, 0, 0, 0, 0, 0])

    const requests = []
    for (let i = 0; i < 5; i++) requests.push(await takeProduce(broker))
    for (const request of requests) request.answer(() => 0, 700)
    await settled()
    assert.equal(broker.waitingCount, 0)
    assert.equal(await clock.passPause(), 700)
    ;(await takeProduce(broker)).answer()

    await sending
  })

  it('fails at once when the client is closed while a leader throttles', async (t) => {
    const clock = new PauseClock()
    const { broker, cluster, send } = await start(t, { clock })
    const closed = assert.rejects(send([0, 0, 0, 0, 0, 0]), { code: 'KAFKA_CLOSED' })
    const requests = []
    for (let i = 0; i < 5; i++) requests.push(await takeProduce(broker))
    for (const request of requests) request.answer(() => 0, 700)
    await settled()

    await cluster.close()

    await closed
    assert.equal(clock.pauseCount, 0)
  })

  it('fails once when the connection breaks, however many requests are under way', async (t) => {
    const { broker, send } = await start(t)
    const broken = assert.rejects(send([0, 0, 0, 0, 0, 0]), { code: 'KAFKA_CONNECTION_FAILED' })

    const requests = []
    for (let i = 0; i < 5; i++) requests.push(await takeProduce(broker))
    requests[0]!.raw.reset()

    await broken
  })

  it('has nothing to do without batches', async (t) => {
    const { broker, send } = await start(t)

    await send([])

    assert.equal(broker.waitingCount, 0)
  })
})

async function start(
  t: TestContext,
  { leaders = [1], others = [] as ScriptedBroker[], clock = systemClock as Clock } = {},
) {
  const broker = await ScriptedBroker.start(1)
  broker.serveTopics([broker, ...others], [{ name: 'orders', leaders }])
  const cluster = new Cluster({ bootstrapServers: broker.bootstrapServers, clock })
  t.after(async () => {
    await cluster.close()
    await broker[Symbol.asyncDispose]()
  })
  const [topic] = await cluster.topics(['orders'])
  /** Sends one batch to each of these partitions. */
  const send = (partitions: number[], onSent: (bytes: number) => void = () => {}) => {
    const batches = partitions.map((partition) => ({ partition, bytes: recordBatch(1) }))
    return sendBatches(cluster, topic!, batches, onSent)
  }
  return { broker, cluster, send }
}

async function takeProduce(broker: ScriptedBroker) {
  const { raw, request, answer } = await broker.take(produce)
  const partitions = request.topicData[0]!.partitionData.map(({ index }) => index)
  return {
    raw,
    partitions,
    answer: (codeOf: (partition: number) => number = () => 0, throttleTimeMs = 0) =>
      answer({
        throttleTimeMs,
        responses: [
          { name: 'orders', partitionResponses: partitions.map((index) => ({ index, errorCode: codeOf(index) })) },
        ],
      }),
  }
}
