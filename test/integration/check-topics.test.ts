import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { type Broker, startBroker } from '../../src/broker/index.ts'
import { text } from '../../src/state/index.ts'
import { checkTopics, field, stage, table, topology as topologyOf } from '../../src/streams/index.ts'
import { suiteStack } from '../at-end.ts'
import { customerTopology } from './customers.ts'
import { assertRefused } from './run.ts'

const names = { app: 'shop', source: 'orders', sink: 'merged' }
const topology = customerTopology(names, undefined, { expireAfterMs: 60_000, expireTo: 'late' })

describe('the topics of a program', () => {
  let broker: Broker
  const stack = suiteStack()
  before(async () => void (broker = stack.use(await startBroker())))

  const check = () => checkTopics({ bootstrapServers: broker.bootstrapServers, topology })

  it('are told all at once where they are missing, also by a start', async () => {
    const { isReady, topics } = await check()

    assert.equal(isReady, false)
    assert.deepEqual(
      topics.map(({ topic, use, state }) => [topic, use, state]),
      [
        ['orders', 'source', 'missing'],
        ['merged', 'merged records', 'missing'],
        ['late', 'expired rows', 'missing'],
        ['shop.dead-letter', 'dead letters', 'absent'],
        ['shop.checkpoint', 'checkpoint', 'absent'],
      ],
    )
    await assertRefused(topology, broker.bootstrapServers, {
      code: 'KAFKA_TOPIC_MISSING',
      message: 'topics "orders", "merged", "late" do not exist; create them, or correct their names',
    })
  })

  it('are fit, or a start would fail, and nothing is created', async () => {
    for (const name of ['orders', 'merged', 'late']) await broker.createTopic({ name, partitions: 2 })
    const fit = await check()
    const compact = { 'cleanup.policy': 'compact' }
    await broker.createTopic({ name: 'shop.dead-letter', partitions: 2, config: compact })
    await broker.createTopic({ name: 'shop.checkpoint', partitions: 3, config: compact })
    const unfit = await check()

    assert.equal(fit.isReady, true)
    assert.deepEqual(
      fit.topics.map(({ state, partitions }) => [state, partitions]),
      [...Array.from({ length: 3 }, () => ['there', 2]), ['absent', undefined], ['absent', undefined]],
    )
    const [letters, checkpoint] = unfit.topics.slice(-2)
    assert.match(letters!.problem!, /^OUTPUT_TOPIC_INVALID: .*cleanup\.policy=compact/)
    assert.match(checkpoint!.problem!, /^CHECKPOINT_TOPIC_INVALID: .* has 3 partitions/)
  })

  it('include those that fill tables', async () => {
    const program = topologyOf('named')
      .tables(table('names', { topic: 'people', key: text, value: text }))
      .source('orders')
      .route('by-stage', field('stage'), { A: stage(), B: stage() })
      .correlate('by-id', field('id'), { of: ['A', 'B'] })
      .sink('merged')
    const find = async () => {
      const { isReady, topics } = await checkTopics({ bootstrapServers: broker.bootstrapServers, topology: program })
      return [isReady, topics.find(({ topic }) => topic === 'people')?.state]
    }
    const before = await find()
    await broker.createTopic({ name: 'people', partitions: 3 })

    assert.deepEqual(
      [before, await find()],
      [
        [false, 'missing'],
        [true, 'there'],
      ],
    )
  })
})
