import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { fetch, Queue, ScriptedBroker, settled } from '../../../test/kafka-peer/index.ts'
import type { MillraceError } from '../../core/errors.ts'
import { Cluster } from '../cluster/cluster.ts'
import { fetchRequest } from './fetch-protocol.ts'
import { type FetchAnswer, LeaderLoop } from './leader-loop.ts'
import { partitionsOf } from './topic-partition.ts'

describe('LeaderLoop', () => {
  it('asks for its partitions in their order, the served ones last', async (t) => {
    const { broker, loop } = await start(t)
    loop.add([0, 1, 2])
    loop.remove(1)
    loop.moveLast(0)

    loop.ask()

    assert.deepEqual(await askedOf(broker), [2, 0])
  })

  it('has one request in flight, and asks for nothing where there are no partitions', async (t) => {
    const { broker, loop } = await start(t)
    loop.ask()
    loop.add([0])
    loop.ask()
    loop.ask()
    await broker.take(fetch)
    await settled()

    assert.equal(broker.waitingCount, 0)
  })

  it('asks no more while all memory is lent, and again once some is given back', async (t) => {
    const { answers, broker, loop } = await start(t, { buffers: 1 })
    loop.add([0])
    loop.ask()
    ;(await broker.take(fetch)).answer({ responses: [] })
    const { release } = await answers.next()
    loop.ask()
    await settled()
    assert.equal(broker.waitingCount, 0)

    release()
    release()

    assert.deepEqual(await askedOf(broker), [0])
    await settled()
    assert.equal(broker.waitingCount, 0)
  })

  it('leaves a leader alone that throttles', async (t) => {
    const { broker, loop, throttled } = await start(t)
    loop.add([0])
    throttled.add(1)
    loop.ask()
    await settled()
    assert.equal(broker.waitingCount, 0)

    throttled.clear()
    loop.ask()

    assert.deepEqual(await askedOf(broker), [0])
  })

  it('asks for what may be asked for, and for nothing where that is nothing', async (t) => {
    const { answers, broker, closed, loop } = await start(t, { buffers: 1 })
    loop.add([0, 1])
    closed.add(0).add(1)
    loop.ask()
    await settled()
    assert.equal(broker.waitingCount, 0)

    closed.delete(1)
    loop.ask()
    const { request, answer } = await broker.take(fetch)
    assert.deepEqual(
      request.topics[0]!.partitions.map(({ partition }) => partition),
      [1],
    )
    answer({ responses: [] })
    closed.clear()
    ;(await answers.next()).release()

    assert.deepEqual(await askedOf(broker), [0, 1])
  })

  it('tells a failure, and keeps the memory for the next request', async (t) => {
    const { broker, failures, loop } = await start(t, { buffers: 1 })
    loop.add([0])
    loop.ask()
    ;(await broker.take(fetch)).raw.reset()
    assert.equal((await failures.next()).code, 'KAFKA_CONNECTION_FAILED')

    loop.ask()

    assert.deepEqual(await askedOf(broker), [0])
  })

  it('tells nothing and asks for nothing once it was stopped', async (t) => {
    const { answers, broker, loop } = await start(t)
    loop.add([0])
    loop.ask()
    const request = await broker.take(fetch)

    loop.stop()
    request.answer({ responses: [] })
    loop.ask()
    await settled()

    assert.deepEqual([answers.length, broker.waitingCount], [0, 0])
  })
})

async function start(t: TestContext, { buffers = 2 } = {}) {
  const broker = await ScriptedBroker.start(1)
  broker.serveTopics([broker], [{ name: 'source', leaders: [1, 1, 1] }])
  const cluster = new Cluster({ bootstrapServers: broker.bootstrapServers })
  const [topic] = await cluster.topics(['source'])
  const answers = new Queue<FetchAnswer>()
  const failures = new Queue<MillraceError>()
  const throttled = new Set<number>()
  const closed = new Set<number>()
  const loop = new LeaderLoop({
    cluster,
    leader: 1,
    buffers,
    fetchBytes: 1_024,
    isThrottled: (leader) => throttled.has(leader),
    openOf: (partitions) => partitions.filter((partition) => !closed.has(partition)),
    requestOf: (order) =>
      fetchRequest({
        partitions: partitionsOf(topic!),
        order,
        positions: new Float64Array(3),
        leaderEpochs: new Int32Array(3),
        maxWaitMs: 500,
        responseBytes: 1_024,
        partitionBytesOf: () => 1_024,
      }),
    onAnswered: (_, answer) => answers.push(answer),
    onFailed: (_, error) => failures.push(error),
  })
  t.after(async () => {
    loop.stop()
    await cluster.close()
    await broker[Symbol.asyncDispose]()
  })
  return { answers, broker, closed, failures, loop, throttled }
}

/** The partitions of the next request. */
async function askedOf(broker: ScriptedBroker): Promise<number[]> {
  const { request } = await broker.take(fetch)
  return request.topics[0]!.partitions.map(({ partition }) => partition)
}
