import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { customers, customerTopology, mergesOf, record, saysOf, valuesOf } from './customers.ts'
import { assertAccount, assertRefused } from './run.ts'
import { onEachBroker, type Target } from './target.ts'

const hour = 3_600_000

export function topicSettings(target: Target): void {
  describe('a start', () => {
    it('refuses a dead-letter topic that is compacted', async () => {
      const stream = await target.stream()
      await stream.createDeadLetterTopic({ 'cleanup.policy': 'compact' })

      await assertRefused(customerTopology(stream), target.bootstrapServers, {
        code: 'OUTPUT_TOPIC_INVALID',
        details: { topic: stream.deadLetterTopic, setting: 'cleanup.policy=compact' },
      })
    })

    for (const kind of ['sink', 'expireTo', 'deadLetterTopic', 'checkpointTopic'] as const) {
      it(`refuses a topic that takes nothing of what is written to it: ${kind}`, async () => {
        const small = { 'max.message.bytes': '400' }
        const stream = await target.stream(kind === 'sink' ? { sinkConfig: small } : {})
        const names = { ...stream, expireTo: `${stream.app}.expired` }
        if (kind === 'deadLetterTopic') await stream.createDeadLetterTopic(small)
        if (kind === 'checkpointTopic') await stream.createCheckpointTopic(small)
        if (kind === 'expireTo') {
          await target.admin.createTopics({ topics: [{ topic: names.expireTo }] })
          await target.setConfigs(names.expireTo, small)
        }
        const expiry = kind === 'expireTo' ? { expireAfterMs: hour, expireTo: names.expireTo } : {}

        await assertRefused(customerTopology(stream, undefined, expiry), target.bootstrapServers, {
          code: kind === 'checkpointTopic' ? 'CHECKPOINT_TOPIC_INVALID' : 'OUTPUT_TOPIC_INVALID',
          message: new RegExp(`"${names[kind]}".* has max\\.message\\.bytes=400; |"${names[kind]}".* set at least`),
        })
      })
    }

    it('warns of a compacted sink, and of one with fewer replicas than it asks for, and runs', async () => {
      const sinkConfig = { 'cleanup.policy': 'compact', 'min.insync.replicas': '2' }
      const stream = await target.stream({ sinkConfig })
      await stream.produce(customers(2))
      const warnings: unknown[] = []

      await stream.run(customerTopology(stream), { onWarning: ({ topic }, text) => warnings.push([topic, text]) })

      assert.deepEqual(
        warnings.map((warning) => String(warning).replace(/:.*/, '')),
        [
          `${stream.sink},a topic of outputs is compacted`,
          `${stream.sink},a topic has fewer replicas than its min.insync.replicas asks for`,
        ],
      )
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(2))
    })
  })

  it('a long cause leaves in a dead letter as far as it fits into a small topic', async () => {
    const stream = await target.stream()
    await stream.createDeadLetterTopic({ 'max.message.bytes': '1024' })
    await stream.produce([record('A', 0)])
    const part = () => {
      throw new Error('語'.repeat(2_000))
    }

    const { report, error } = await stream.run(customerTopology(stream, { part }), { stageAttempts: 1 })

    assert.equal(error, undefined)
    assertAccount(report, { deadLettered: 1 })
    const [letter] = await stream.deadLetters()
    assert.match(saysOf(letter!).cause, /^語{50,}$|語{50,}$/)
  })
}

if (import.meta.main) onEachBroker([topicSettings])
