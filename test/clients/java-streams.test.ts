import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startBroker } from '../../src/broker/index.ts'
import { skipWithoutJava } from '../apache-kafka.ts'
import { suiteStack } from '../at-end.ts'
import { versionsSeenBy } from '../protocol/seen-versions.ts'
import { StreamsApplication, streamsGroup, streamsTopics } from './streams-application.ts'

const groupConfig = {
  'streams.heartbeat.interval.ms': 50,
  'streams.assignment.interval.ms': 0,
  'streams.initial.rebalance.delay.ms': 0,
}

describe('an application of Kafka Streams', { skip: skipWithoutJava, timeout: 120_000 }, () => {
  const stack = suiteStack()
  const onRequest = versionsSeenBy("Java's clients", stack)

  it('counts exactly once as a streams group (KIP-1071), of which a member leaves', async () => {
    await using broker = await startBroker({ topics: streamsTopics, groupConfig, onRequest })
    const application = await StreamsApplication.start(broker.bootstrapServers, stack)

    await application.hasCounted()
    const [members, state] = await Promise.all([
      application.describe([streamsGroup], '--members'),
      application.describe([streamsGroup], '--state'),
    ])
    const exitCode = await application.finish()

    const expected = ['shared=4,4', 'counted=a2,b1,c1,d1', 'taken over=8', 'counted on=a3,b1,c2,d1']
    assert.deepEqual(application.seen.all, expected)
    assert.equal(exitCode, 0)
    for (const name of ['first', 'second'])
      assert.match(members, new RegExp(`${name}-StreamThread-1-consumer +ACTIVE: 0:`))
    assert.match(state, /counting +.*Stable +2/)
  })
})
