import { incrementalAlterConfigs } from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { recordBatch } from './batches.ts'
import { produceTo } from './exchange.ts'
import { WireClient } from './wire-client.ts'
import { startBroker } from '../../src/broker/index.ts'

describe('settings of the brokers', () => {
  it('act at once on the topics that have none of their own', async () => {
    const config = { 'max.message.bytes': '1000000' }
    await using broker = await startBroker({ topics: [{ name: 'orders' }, { name: 'large', config }] })
    await using client = await WireClient.connect(broker.bootstrapServers)
    const batch = recordBatch(['x'.repeat(1_000)])
    const codesAfter = async (resourceName: string, value: string | null) => {
      const configs = [{ name: 'message.max.bytes', configOperation: value === null ? 1 : 0, value }]
      const resources = [{ resourceType: 4, resourceName, configs }]
      await client.call(incrementalAlterConfigs, 1, { resources, validateOnly: false })
      const sent = ['orders', 'large'].map((name) => produceTo(client, { name, id: '' }, batch))
      return (await Promise.all(sent)).map(({ errorCode }) => errorCode)
    }

    assert.deepEqual(await codesAfter('', '500'), [10, 0])
    assert.deepEqual(await codesAfter('1', '5000'), [0, 0])
    assert.deepEqual(await codesAfter('1', null), [10, 0])
    assert.deepEqual(await codesAfter('', null), [0, 0])
  })
})
