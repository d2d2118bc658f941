import { alterClientQuotas, produce } from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { recordBatch } from './batches.ts'
import type { Target } from './target.ts'
import type { WireClient } from './wire-client.ts'

const bytesPerSecond = 100_000
const batchBytes = 40_000

export function quotasContract(target: Target): void {
  const alter = async (client: WireClient, clientId: string, value: number, remove = false, version = 1) => {
    const entity = [{ entityType: 'client-id', entityName: clientId }]
    const ops = [{ key: 'producer_byte_rate', value, remove }]
    const { entries } = await client.call(alterClientQuotas, version, {
      entries: [{ entity, ops }],
      validateOnly: false,
    })
    assert.deepEqual(entries, [{ errorCode: 0, errorMessage: null, entity }])
  }
  /** Produces until the broker throttles; returns for how long, how many bytes that took, and when the last was sent. */
  const produceUntilThrottled = async (client: WireClient, topic: string) => {
    const records = recordBatch(['x'.repeat(batchBytes)])
    for (let bytes = 0; ; bytes += records.length) {
      const topicData = [{ name: topic, partitionData: [{ index: 0, records: [records] }] }]
      const request = { transactionalId: null, acks: -1, timeoutMs: 10_000, topicData }
      const sentMs = systemClock.monotonicMs()
      const { throttleTimeMs } = await client.call(produce, 9, request)
      if (throttleTimeMs > 0) return { throttleTimeMs, bytes: bytes + records.length, sentMs }
    }
  }

  describe('a produce quota', () => {
    it('takes what is produced, and then listens to the connection no more until the rate is kept', async () => {
      const clientId = randomUUID()
      await using client = await target.connect(clientId)
      const { name } = await target.createTopic()
      for (const version of [0, 1]) await alter(client, clientId, bytesPerSecond, false, version)

      const { throttleTimeMs, bytes, sentMs } = await produceUntilThrottled(client, name)
      await alter(client, clientId, 0, true)

      // Kafka measures over one second at least, and over two at most.
      assert.ok(bytes > bytesPerSecond && bytes < 4 * bytesPerSecond, `${bytes} bytes`)
      assert.ok(throttleTimeMs > 0 && throttleTimeMs < 3_000, `${throttleTimeMs} ms`)
      // The pause begins at the broker, after the request was sent: it is over no sooner than this, on any machine.
      assert.ok(systemClock.monotonicMs() - sentMs > 0.8 * throttleTimeMs)
    })
  })
}
