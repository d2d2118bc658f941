import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { join } from 'node:path'
import { systemRandom } from '../../src/core/random.ts'
import { audit } from '../../src/streams/index.ts'
import { onEachBroker, type Target } from '../integration/target.ts'
import { runCampaign } from './campaign.ts'
import { unharmed } from './crash-plan.ts'
import { Program } from './program.ts'
import { until } from '../until.ts'
import { sourcesOf, threeTopics } from './three-topics-source.ts'

const partitions = 3
const keys = 12_000
const kills = 4
const takeovers = 1
/** A batch for each partition, small enough that a fetch has few. */
const recordsPerSend = 1_000
/** Another one for each broker. */
let seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())

const flags = ['--heartbeat-interval-ms', '100', '--standby-refresh-ms', '50', '--replay-records-max', '500']

interface Merged {
  readonly orderId: string
  readonly order: { readonly of: string }
  readonly payment: { readonly of: string; readonly from: string }
  readonly shipment: { readonly of: string }
  readonly invoice?: { readonly of: string }
}

/** A program of three topics under kill -9, against a model that knows nothing of it. */
export function threeTopicsCampaign(target: Target): void {
  describe('a program of three topics whose processes are killed again and again', () => {
    it('merges each key once that has all that is required, and leaves an account that the audit proves', async (t) => {
      t.diagnostic(`MILLRACE_SEED=${seed} repeats it`)
      const otherSources = { payments: partitions, shipments: partitions }
      const stream = await target.stream({ sourcePartitions: partitions, otherSources })
      const { bootstrapServers } = target
      const { app, source, sink } = stream
      const topics = sourcesOf(source)
      const { records, complete, withoutInvoice, partsOf } = threeTopics(keys, partitions, seed)
      for (const [index, topic] of topics.entries()) {
        const ofTopic = records[index]!
        for (let at = 0; at < ofTopic.length; at += recordsPerSend) {
          await stream.produce(ofTopic.slice(at, at + recordsPerSend), topic)
        }
      }

      const program = join(import.meta.dirname, 'three-topics-topology.ts')
      const experiment = { bootstrapServers, app, source, sink, program }
      const { report } = await runCampaign({
        experiment,
        records: records.reduce((sum, { length }) => sum + length, 0),
        partitions,
        otherSources: topics.slice(1),
        kills,
        takeovers,
        seed: seed++,
        fetchBytes: 65_536,
        flags,
      })

      assert.equal(report.isBalanced, true)
      // Rows that lack an invoice wait anew in each life, and so until the last one.
      await using last = new Program({ ...experiment, runsOn: true }, flags, unharmed)
      await until('all that is complete is merged', async () => {
        return (await stream.merged()).length === complete.length + withoutInvoice.length
      })
      last.signal('SIGTERM')
      assert.equal((await last.ended).code, 0, last.said)
      const { verdict, accounting } = await audit({ bootstrapServers, app })
      assert.equal(verdict, 'proved')
      const merged = (await stream.merged()).map(({ value }) => JSON.parse(value!) as Merged)
      const mergedKeys = merged.map(({ orderId }) => orderId)
      assert.equal(new Set(mergedKeys).size, mergedKeys.length, 'each key is merged once')
      assert.deepEqual(mergedKeys.sort(), [...complete, ...withoutInvoice].sort())
      const without = merged.filter(({ invoice }) => invoice === undefined)
      assert.ok(without.length > withoutInvoice.length / 2, 'keys are merged without an invoice')
      assert.ok(merged.length - without.length > complete.length / 2, 'keys are merged with an invoice')
      for (const { orderId, ...parts } of merged) {
        for (const [side, { of }] of Object.entries(parts)) {
          assert.ok(partsOf.get(orderId)!.has(of) && of.startsWith(side), `key ${orderId} has no part ${of}`)
        }
        assert.ok(parts.payment.from.startsWith(`${topics[1]}/`), parts.payment.from)
      }
      assert.deepEqual(
        accounting.map(({ topic, partition }) => [topic, partition]),
        topics.flatMap((topic) => Array.from({ length: partitions }, (_, partition) => [topic, partition])),
      )
      for (const [index, topic] of topics.entries()) {
        const consumed = accounting.reduce((sum, each) => sum + (each.topic === topic ? each.consumed : 0), 0)
        assert.equal(consumed, records[index]!.length)
      }
      for (const name of ['duplicate', 'deadLettered', 'expired', 'pending'] as const) {
        assert.ok(
          accounting.some((account) => account[name] > 0),
          `something is ${name}`,
        )
      }
    })
  })
}

if (import.meta.main) onEachBroker([threeTopicsCampaign])
