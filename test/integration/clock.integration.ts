import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { topicConfigs } from '../../src/kafka/index.ts'
import { atCluster } from './at-cluster.ts'
import { type Correlation, customers, customerTopology, mergesOf, record, valuesOf } from './customers.ts'
import { assertAccount, assertProved, committed, startQuietly } from './run.ts'
import { SkewedClock } from './skewed-clock.ts'
import { onEachBroker, type SourceRecord, type Target } from './target.ts'

const hour = 3_600_000
const year = 365 * 24 * hour

const byEvent: Correlation = { expireAfterMs: hour }
const byDay: Correlation = { expireAfterMs: hour, expireBy: 'processingTime' }
const remembering: Correlation = { rememberCompleted: { forMs: hour } }

export function wrongClocks(target: Target): void {
  const now = (records: readonly SourceRecord[]) =>
    records.map((each) => ({ ...each, timestampMs: systemClock.nowMs() }))

  describe('a clock of this machine', () => {
    for (const [title, skewMs, correlation] of [
      ['two hours behind diverts nothing where rows expire by the time of records', -2 * hour, byEvent],
      ['two hours behind diverts nothing where keys are remembered', -2 * hour, remembering],
      ['two hours ahead diverts nothing where rows expire by the time of day', 2 * hour, byDay],
      ['ten years ahead stops nothing', 10 * year, {}],
      ['ten years behind stops nothing', -10 * year, byDay],
    ] as const) {
      it(`that is ${title}, and is told once`, async () => {
        const stream = await target.stream()
        await stream.produce(now([...customers(5), record('A', 5)]))
        const warnings: object[] = []
        const clock = new SkewedClock(skewMs)

        const { report, error } = await stream.run(customerTopology(stream, undefined, correlation), {
          clock,
          onWarning: (facts) => warnings.push(facts),
        })

        assert.equal(error, undefined)
        assertAccount(report, { emitted: 10, pending: 1 })
        assert.deepEqual(valuesOf(await stream.merged()), mergesOf(5))
        const told = warnings.filter((facts) => 'code' in facts && facts.code === 'CLOCK_SKEWED') as {
          skewMs: number
        }[]
        assert.equal(told.length, 1, JSON.stringify(warnings))
        assert.ok(Math.abs(told[0]!.skewMs - skewMs) < 30_000, `${told[0]!.skewMs}`)
        await assertProved(target, stream)
      })
    }

    it('that is right is not told of', async () => {
      const stream = await target.stream()
      const warnings: object[] = []

      await stream.run(customerTopology(stream), { onWarning: (facts) => warnings.push(facts) })

      assert.deepEqual(warnings, [])
    })

    it('that is set wrong while the program runs diverts nothing, and is told again when it is right', async () => {
      const stream = await target.stream()
      const clock = new SkewedClock(0)
      const told: string[] = []
      const app = await startQuietly(
        customerTopology(stream, undefined, { expireAfterMs: hour }),
        target.bootstrapServers,
        {
          clock,
          onWarning: (_facts, sentence) => told.push(sentence),
        },
      )
      await stream.produce(now([record('A', 0)]))
      await committed(app, 1)
      clock.skewMs = -5 * hour
      await stream.produce(now([record('B', 0), record('A', 1)]))
      await committed(app, 3)
      clock.skewMs = 5 * year
      await stream.produce(now([record('A', 2)]))
      await committed(app, 4)
      await app.stop()

      assertAccount(app.report(), { emitted: 2, pending: 2 })
      assert.equal(told.length, 1, told.join('\n'))
      await assertProved(target, stream)
    })

    it('that is ahead is no reason to refuse a checkpoint whose topic kept the times of its records', async () => {
      const stream = await target.stream()
      await stream.createCheckpointTopic({ 'message.timestamp.type': 'CreateTime' })
      await stream.produce(now(customers(3)))

      const { report, error } = await stream.run(customerTopology(stream), { clock: new SkewedClock(5 * year) })

      assert.equal(error, undefined)
      assertAccount(report, { emitted: 6 })
      const [type] = await atCluster(target, (cluster) =>
        topicConfigs(cluster, stream.checkpointTopic, 'message.timestamp.type'),
      )
      assert.equal(type, 'LogAppendTime')
    })
  })
}

if (import.meta.main) onEachBroker([wrongClocks])
