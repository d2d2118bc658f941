import { Admin } from '@platformatic/kafka'
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { customerTopology } from './customers.ts'
import { assertAccount, assertProved } from './run.ts'
import { onEachBroker, type SourceRecord, type Target } from './target.ts'

/** One epoch of 1.6 MB would take 3 s, and has 2.5 s. */
const bytesPerSecond = 400_000
const customerCount = 400
const partBytes = 1_900
const transactionTimeoutMs = 2_500

export function quotas(target: Target): void {
  describe('a produce quota below what there is to write', () => {
    it('makes epochs smaller, which all commit in time', async () => {
      const stream = await target.stream({ sourcePartitions: 1 })
      // One batch of rows completes all customers at once.
      for (const side of ['A', 'B'])
        await stream.produce(Array.from({ length: customerCount }, (_, id) => largeRecord(side, id)))
      await setProduceQuota(target, stream.app, bytesPerSecond)
      const told: string[] = []

      const { report, error } = await stream.run(customerTopology(stream), {
        transactionTimeoutMs,
        onWarning: (_facts, sentence) => told.push(sentence),
      })

      assert.equal(error, undefined)
      assertAccount(report, { emitted: 2 * customerCount })
      assert.deepEqual(
        (await stream.merged()).map(({ value }) => (JSON.parse(value!) as { id: number }).id).toSorted((a, b) => a - b),
        Array.from({ length: customerCount }, (_, id) => id),
      )
      await assertProved(target, stream)
      assert.ok(report.statistics.rollbacks <= 1, `${report.statistics.rollbacks} rollbacks`)
      assert.equal(told.filter((sentence) => sentence.startsWith('the broker throttles writing')).length, 1)
    })
  })
}

function largeRecord(side: string, id: number): SourceRecord {
  return { value: JSON.stringify({ stage: side, id, part: { of: `${side}${id}`, filler: 'x'.repeat(partBytes) } }) }
}

async function setProduceQuota({ bootstrapServers }: Target, clientId: string, bytes: number): Promise<void> {
  const admin = new Admin({ clientId: randomUUID(), bootstrapBrokers: [bootstrapServers] })
  await admin.alterClientQuotas({
    entries: [
      {
        entities: [{ entityType: 'client-id', entityName: clientId }],
        ops: [{ key: 'producer_byte_rate', value: bytes, remove: false }],
      },
    ],
  })
  await admin.close()
}

if (import.meta.main) onEachBroker([quotas])
