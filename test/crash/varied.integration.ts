import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { join } from 'node:path'
import { systemRandom } from '../../src/core/random.ts'
import { BatchReader, headerOf, RecordColumns } from '../../src/kernel/index.ts'
import { audit } from '../../src/streams/index.ts'
import type { ReadRecord } from '../integration/read-topic.ts'
import { onEachBroker, type Target } from '../integration/target.ts'
import { runCampaign } from './campaign.ts'
import { type ComputedPart, variedSource } from './varied-source.ts'

const partitions = 4
const keys = 20_000
const kills = 5
const takeovers = 2
/** A batch for each partition, small enough that a fetch has few. */
const recordsPerSend = 1_000
/** Another one for each broker. */
let seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())

interface Merged {
  readonly id: number
  readonly A: { readonly of: string }
  readonly B: { readonly of: string }
  readonly C: ComputedPart
}

/** The varied program under kill -9, against a model that knows nothing of it. */
export function variedCampaign(target: Target): void {
  describe('a program with functions, expiry and memory whose processes are killed again and again', () => {
    it('merges each complete key once, and leaves an account that the audit proves', async (t) => {
      t.diagnostic(`MILLRACE_SEED=${seed} repeats it`)
      const stream = await target.stream({ sourcePartitions: partitions })
      const { bootstrapServers } = target
      const { app, source, sink } = stream
      const { records, complete, partsOf } = variedSource(keys, partitions, seed)
      // Pending parts are promoted: all of them on the one broker, those that are far behind on the other.
      const policy = seed % 2 === 0 ? 'compact' : 'delete'
      await target.setConfigs(source, { 'cleanup.policy': policy, 'retention.ms': '-1' })
      for (let at = 0; at < records.length; at += recordsPerSend) {
        await stream.produce(records.slice(at, at + recordsPerSend))
      }

      const { report } = await runCampaign({
        experiment: { bootstrapServers, app, source, sink, program: join(import.meta.dirname, 'varied-topology.ts') },
        records: records.length,
        partitions,
        kills,
        takeovers,
        seed: seed++,
        fetchBytes: 65_536,
        flags: ['--heartbeat-interval-ms', '100', '--standby-refresh-ms', '50', '--replay-records-max', '500'],
      })

      assert.equal(report.isBalanced, true)
      const { verdict, accounting } = await audit({ bootstrapServers: target.bootstrapServers, app })
      assert.equal(verdict, 'proved')
      const merged = (await stream.merged()).map(({ value }) => JSON.parse(value!) as Merged)
      assert.deepEqual(
        merged.map(({ id }) => id).sort((a, b) => a - b),
        complete,
      )
      const computed = computedParts(await stream.read(stream.checkpointTopic))
      assert.ok(computed.size > 0, 'parts were pending at the end of an epoch')
      for (const { id, A, B, C } of merged) {
        for (const { of } of [A, B, C]) assert.ok(partsOf.get(id)!.has(of), `key ${id} has no part ${of}`)
        assert.equal(
          JSON.stringify(C),
          computed.get(C.from) ?? JSON.stringify(C),
          'a part is not computed a second time',
        )
      }
      for (const name of ['duplicate', 'deadLettered', 'filtered', 'expired', 'pending'] as const) {
        assert.ok(
          accounting.some((account) => account[name] > 0),
          `something is ${name}`,
        )
      }
    })
  })
}

/** The computed parts in the checkpoint, by where their records lie. */
function computedParts(records: readonly ReadRecord[]): Map<string, string> {
  const kept = new Map<string, string>()
  const reader = new BatchReader({ decompressedBytesMax: 1 << 20 })
  const columns = new RecordColumns()
  for (const { key, valueBytes: bytes } of records) {
    if (bytes === null || key?.startsWith('part/') !== true) continue
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const place = { partition: 0, start: 0, end: bytes.length, fromOffset: 0, nextOffset: 0, endOffset: 0, aborted: [] }
    reader.open({ ...place, bytes, view })
    while (reader.fill(columns)) {
      const made = headerOf(columns, 0, 'millrace.part')
      if (made !== undefined) kept.set(key.slice('part/'.length), Buffer.from(made).toString())
    }
  }
  return kept
}

if (import.meta.main) onEachBroker([variedCampaign])
