import { alterConfigs, describeConfigs, incrementalAlterConfigs } from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Target } from './target.ts'
import type { WireClient } from './wire-client.ts'
import { until } from '../until.ts'

const resourceType = { topic: 2, broker: 4 }
const operation = { set: 0, delete: 1, append: 2 }
/** Of the one broker that there is. */
const brokerId = '1'
const allBrokers = ''
/** One that no other test looks at, and set to what it is anyway, because tests run side by side. */
const setting = { broker: 'log.index.interval.bytes', topic: 'index.interval.bytes', value: '4096' }

/** Settings of the brokers, and what topics have of them. */
export function brokerSettingsContract(target: Target): void {
  const ask = async (
    client: WireClient,
    type: number,
    resourceName: string,
    configurationKeys: string[] | null,
    { version = 4, includeSynonyms = true } = {},
  ) => {
    const resources = [{ resourceType: type, resourceName, configurationKeys }]
    const { results } = await client.call(describeConfigs, version, { resources, includeSynonyms })
    return results[0]!
  }
  const told = ({ configs }: Awaited<ReturnType<typeof ask>>) =>
    configs.map(({ name, value, configSource, readOnly, synonyms }) => ({
      setting: `${name} = ${value} (${configSource}${readOnly ? ', read only' : ''})`,
      synonyms: synonyms.map((synonym) => `${synonym.name} = ${synonym.value} (${synonym.source})`),
    }))

  describe('DescribeConfigs with synonyms', () => {
    it('tells where each value of a topic comes from', async () => {
      await using client = await target.connect()
      const { name } = await target.createTopic({ config: { 'cleanup.policy': 'compact', 'retention.ms': '5000' } })
      const keys = ['cleanup.policy', 'flush.ms', 'max.message.bytes', 'min.insync.replicas', 'retention.ms']

      const described = await ask(client, resourceType.topic, name, keys)
      const bare = await ask(client, resourceType.topic, name, keys, { includeSynonyms: false })

      assert.deepEqual([described.errorCode, described.errorMessage], [0, ''])
      const byName = told(described).toSorted((a, b) => (a.setting < b.setting ? -1 : 1))
      assert.deepEqual(byName, [
        {
          setting: 'cleanup.policy = compact (1)',
          synonyms: ['cleanup.policy = compact (1)', 'log.cleanup.policy = delete (5)'],
        },
        { setting: 'flush.ms = 9223372036854775807 (5)', synonyms: [] },
        { setting: 'max.message.bytes = 1048588 (5)', synonyms: ['message.max.bytes = 1048588 (5)'] },
        {
          setting: 'min.insync.replicas = 1 (3)',
          synonyms: ['min.insync.replicas = 1 (3)', 'min.insync.replicas = 1 (5)'],
        },
        { setting: 'retention.ms = 5000 (1)', synonyms: ['retention.ms = 5000 (1)'] },
      ])
      assert.ok(bare.configs.every(({ synonyms }) => synonyms.length === 0))
    })
  })

  describe('settings of a broker', () => {
    it('are described, in each version', async () => {
      await using client = await target.connect()
      const keys = ['auto.create.topics.enable', 'log.retention.ms', 'message.max.bytes', 'node.id']

      for (let version = 1; version <= 4; version++) {
        const described = await ask(client, resourceType.broker, brokerId, keys, { version, includeSynonyms: false })
        assert.deepEqual([described.errorCode, described.errorMessage], [0, ''])
        assert.deepEqual(
          told(described)
            .map((entry) => entry.setting)
            .sort(),
          [
            'auto.create.topics.enable = false (4, read only)',
            'log.retention.ms = null (5)',
            'message.max.bytes = 1048588 (5)',
            'node.id = 1 (4, read only)',
          ],
        )
      }
    })

    it('are told for all brokers where no broker is named', async () => {
      await using client = await target.connect()

      const described = await ask(client, resourceType.broker, allBrokers, ['min.insync.replicas'])

      assert.deepEqual(told(described), [
        { setting: 'min.insync.replicas = 1 (3)', synonyms: ['min.insync.replicas = 1 (3)'] },
      ])
    })

    it('are those of the broker that is asked', async () => {
      await using client = await target.connect()

      for (const name of ['7', 'x']) {
        const { errorCode, configs } = await ask(client, resourceType.broker, name, null)
        assert.deepEqual([errorCode, configs], [42, []])
      }
    })

    it('can be set for all brokers and for one, and act on topics that have none of their own', async () => {
      await using client = await target.connect()
      const { name } = await target.createTopic()
      const change = async (resourceName: string, configOperation: number) => {
        const value = configOperation === operation.set ? setting.value : null
        const configs = [{ name: setting.broker, configOperation, value }]
        const resources = [{ resourceType: resourceType.broker, resourceName, configs }]
        const { responses } = await client.call(incrementalAlterConfigs, 1, { resources, validateOnly: false })
        assert.deepEqual(responses, [
          { errorCode: 0, errorMessage: null, resourceType: resourceType.broker, resourceName },
        ])
      }
      /** Waits until the topic's value has these sources: Kafka answers a moment before. */
      const sourcesBecome = (expected: number[]) =>
        until(`the value has the sources ${expected.join()}`, async () => {
          const { configs } = await ask(client, resourceType.topic, name, [setting.topic])
          const [entry] = configs
          assert.deepEqual([entry!.name, entry!.value], [setting.topic, setting.value])
          const sources = entry!.synonyms.map(({ source }) => source)
          assert.equal(entry!.configSource, sources[0])
          return JSON.stringify(sources) === JSON.stringify(expected)
        })

      await sourcesBecome([5])
      await change(allBrokers, operation.set)
      await sourcesBecome([3, 5])
      await change(brokerId, operation.set)
      await sourcesBecome([2, 3, 5])
      await change(allBrokers, operation.delete)
      await sourcesBecome([2, 5])
      await change(brokerId, operation.delete)
      await sourcesBecome([5])
    })

    it('are refused where they cannot be set', async () => {
      await using client = await target.connect()
      const errorOf = async (resourceName: string, name: string, configOperation: number, value: string | null) => {
        const configs = [{ name, configOperation, value }]
        const resources = [{ resourceType: resourceType.broker, resourceName, configs }]
        const { responses } = await client.call(incrementalAlterConfigs, 1, { resources, validateOnly: true })
        return responses[0]!.errorCode
      }

      assert.equal(await errorOf(brokerId, 'message.max.bytes', operation.set, '5000'), 0)
      assert.equal(await errorOf(brokerId, 'num.partitions', operation.set, '3'), 42)
      assert.equal(await errorOf(allBrokers, 'auto.create.topics.enable', operation.set, 'true'), 42)
      assert.equal(await errorOf(brokerId, 'message.max.bytes', operation.set, 'many'), 42)
      assert.equal(await errorOf(brokerId, 'message.max.bytes', operation.set, null), 42)
      assert.equal(await errorOf(brokerId, 'message.max.bytes', operation.append, '1'), 40)
      assert.equal(await errorOf(brokerId, 'min.insync.replicas', operation.set, '1'), 40)
      assert.equal(await errorOf(allBrokers, 'min.insync.replicas', operation.delete, null), 40)
      assert.equal(await errorOf('7', 'message.max.bytes', operation.set, '5000'), 42)
      assert.equal(await errorOf('x', 'message.max.bytes', operation.set, '5000'), 42)
    })

    it('are set all at once by AlterConfigs', async () => {
      await using client = await target.connect()
      const configs = [{ name: 'message.max.bytes', value: '5000' }]
      const resources = [brokerId, allBrokers].map((resourceName) => ({
        resourceType: resourceType.broker,
        resourceName,
        configs,
      }))

      const { responses } = await client.call(alterConfigs, 2, { resources, validateOnly: true })

      // What is set for all keeps the least number of replicas.
      assert.deepEqual(
        responses.map(({ errorCode }) => errorCode),
        [0, 40],
      )
    })
  })
}
