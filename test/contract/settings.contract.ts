import { alterConfigs, describeConfigs, incrementalAlterConfigs, listOffsets } from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { gzipSync } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import { decompress } from '../../src/kernel/index.ts'
import { gzip, parseBatches, recordBatch, timestampMs } from './batches.ts'
import { fetchFrom, newProducerId, produceTo } from './exchange.ts'
import type { Target } from './target.ts'
import type { WireClient } from './wire-client.ts'
import { until } from '../until.ts'

const operation = { set: 0, delete: 1, append: 2, subtract: 3 }
const topicResource = 2

interface Change {
  name: string
  configOperation: number
  value: string | null
}

export function settingsContract(target: Target): void {
  /** Waits until a topic has the settings of its own that it should have: Kafka answers a moment before. */
  const settingsBecome = (client: WireClient, topic: string, expected: Record<string, string>) =>
    until('the topic has the settings', async () => {
      const resources = [{ resourceType: topicResource, resourceName: topic, configurationKeys: null }]
      const { results } = await client.call(describeConfigs, 4, { resources })
      const set = results[0]!.configs.filter(({ configSource }) => configSource === 1)
      const told = Object.fromEntries(set.map(({ name, value }) => [name, value]))
      return isDeepStrictEqual(told, expected)
    })
  const alter = async (client: WireClient, topic: string, changes: Change[], version = 1, validateOnly = false) => {
    const resources = [{ resourceType: topicResource, resourceName: topic, configs: changes }]
    const { responses } = await client.call(incrementalAlterConfigs, version, { resources, validateOnly })
    assert.deepEqual([responses[0]!.resourceType, responses[0]!.resourceName], [topicResource, topic])
    return responses[0]!.errorCode
  }
  const set = (name: string, value: string | null): Change => ({ name, configOperation: operation.set, value })

  describe('IncrementalAlterConfigs', () => {
    it('sets and deletes in each of its versions', async () => {
      await using client = await target.connect()
      const { name } = await target.createTopic({ config: { 'retention.ms': '1000000' } })

      for (let version = 0; version <= 1; version++) {
        assert.equal(await alter(client, name, [set('retention.ms', `200000${version}`)], version), 0)
        await settingsBecome(client, name, { 'retention.ms': `200000${version}` })
      }
      const deleted = { name: 'retention.ms', configOperation: operation.delete, value: null }
      assert.equal(await alter(client, name, [deleted, set('max.message.bytes', '5000')]), 0)
      await settingsBecome(client, name, { 'max.message.bytes': '5000' })
    })

    it('adds entries to a list and takes them away', async () => {
      await using client = await target.connect()
      const { name } = await target.createTopic()
      const change = (configOperation: number, value: string) =>
        alter(client, name, [{ name: 'cleanup.policy', configOperation, value }])

      assert.equal(await change(operation.append, 'compact'), 0)
      await settingsBecome(client, name, { 'cleanup.policy': 'delete,compact' })
      assert.equal(await change(operation.append, 'compact'), 0)
      assert.equal(await change(operation.subtract, 'delete'), 0)
      await settingsBecome(client, name, { 'cleanup.policy': 'compact' })
    })

    it('changes nothing when it is only to validate', async () => {
      await using client = await target.connect()
      const { name } = await target.createTopic()

      assert.equal(await alter(client, name, [set('retention.ms', '5')], 1, true), 0)
      assert.equal(await alter(client, name, [set('retention.ms', 'long')], 1, true), 40)

      await settingsBecome(client, name, {})
    })

    it('refuses what it cannot do, and then does nothing of it', async () => {
      await using client = await target.connect()
      const { name } = await target.createTopic()
      const good = set('retention.ms', '5')

      assert.equal(await alter(client, `contract-${randomUUID()}`, [good]), 3)
      assert.equal(await alter(client, name, [good, set('no.such.setting', '1')]), 40)
      assert.equal(await alter(client, name, [good, set('max.message.bytes', 'many')]), 40)
      assert.equal(await alter(client, name, [good, set('max.message.bytes', null)]), 42)
      assert.equal(await alter(client, name, [good, good]), 42)
      const notAList = { name: 'max.message.bytes', configOperation: operation.append, value: '1' }
      assert.equal(await alter(client, name, [good, notAList]), 40)

      await settingsBecome(client, name, {})
    })

    it('refuses a resource that is named twice', async () => {
      await using client = await target.connect()
      const { name } = await target.createTopic()
      const resource = { resourceType: topicResource, resourceName: name, configs: [set('retention.ms', '5')] }

      const request = { resources: [resource, resource], validateOnly: false }
      const { responses } = await client.call(incrementalAlterConfigs, 1, request)

      assert.ok(responses.every(({ errorCode }) => errorCode === 42))
    })
  })

  describe('AlterConfigs', () => {
    it('sets what it names and nothing else, in each of its versions', async () => {
      await using client = await target.connect()
      const { name } = await target.createTopic({ config: { 'retention.bytes': '1000000' } })

      for (let version = 0; version <= 2; version++) {
        const configs = [{ name: 'retention.ms', value: `200000${version}` }]
        const resources = [{ resourceType: topicResource, resourceName: name, configs }]
        const { responses } = await client.call(alterConfigs, version, { resources, validateOnly: false })
        assert.equal(responses[0]!.errorCode, 0, `version ${version}`)
        await settingsBecome(client, name, { 'retention.ms': `200000${version}` })
      }
    })

    it('refuses a setting without a value', async () => {
      await using client = await target.connect()
      const { name } = await target.createTopic()
      const configs = [{ name: 'retention.ms', value: null }]

      const resources = [{ resourceType: topicResource, resourceName: name, configs }]
      const { responses } = await client.call(alterConfigs, 2, { resources, validateOnly: false })

      assert.equal(responses[0]!.errorCode, 42)
    })
  })

  describe('a setting', () => {
    it('max.message.bytes acts from its change on', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic()
      const batch = recordBatch(['x'.repeat(1000)])
      const before = await produceTo(client, topic, batch)

      await alter(client, topic.name, [set('max.message.bytes', '500')])

      const errorCode = await until(
        'the batch is refused',
        async () => (await produceTo(client, topic, batch)).errorCode,
      )
      assert.deepEqual([before.errorCode, errorCode], [0, 10])
    })

    describe('compression.type', () => {
      const codecs = { uncompressed: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 }
      /** Some of it repeats, some does not, and it is more than one block of any codec. */
      const value = randomBytes(60_000).toString('hex')
      const records = [{ key: 'a', value }, { value }, { key: 'c', value: null }]

      for (const [type, codec] of Object.entries(codecs)) {
        it(`${type} decides how batches are kept, whatever they come in`, async () => {
          await using client = await target.connect()
          const topic = await target.createTopic({ config: { 'compression.type': type } })
          const plain = recordBatch(records)
          const producer = await newProducerId(client)

          for (const [i, options] of [{}, { compression: gzip }].entries()) {
            const sent = recordBatch(records, { ...options, ...producer, baseSequence: 3 * i })
            const { errorCode, baseOffset } = await produceTo(client, topic, sent)
            assert.deepEqual([errorCode, baseOffset], [0, 3 * i])
            const again = await produceTo(client, topic, sent)
            assert.deepEqual([again.errorCode, again.baseOffset], [0, 3 * i])
            const { records: kept } = await fetchFrom(client, topic, { offset: baseOffset })
            assert.equal(kept!.readInt16BE(21), codec)
            assert.equal(kept!.readUInt32BE(17), crc32c(kept!.subarray(21)))
            // Times, producer, sequence and number of records are those that were sent.
            assert.deepEqual(kept!.subarray(23, 61), sent.subarray(23, 61))
            const body = kept!.subarray(61)
            const place = { partition: 0, offset: baseOffset }
            const limits = { decompressedBytesMax: 1_000_000 }
            const opened = codec === 0 ? body : decompress(codec, body, limits, place)
            const bytes = Buffer.isBuffer(opened) ? opened : Buffer.from(opened.bytes.subarray(0, opened.length))
            assert.deepEqual(bytes, plain.subarray(61))
          }
        })
      }

      it('keeps a batch that is in its codec byte for byte', async () => {
        await using client = await target.connect()
        const topic = await target.createTopic({ config: { 'compression.type': 'gzip' } })
        const sent = recordBatch(records, {
          compression: { codec: 1, compress: (body) => gzipSync(body, { level: 1 }) },
        })

        await produceTo(client, topic, sent)

        const { records: kept } = await fetchFrom(client, topic)
        assert.deepEqual(kept!.subarray(16), sent.subarray(16))
      })
    })

    it('message.timestamp.type gives records the time of their arrival', async () => {
      await using client = await target.connect()
      const topic = await target.createTopic({ config: { 'message.timestamp.type': 'LogAppendTime' } })

      const { logAppendTimeMs } = await produceTo(client, topic, recordBatch(['a', 'b']))

      const { records } = await fetchFrom(client, topic)
      assert.deepEqual(parseBatches(records)[0]!.values, ['a', 'b'])
      assert.deepEqual([records!.readInt16BE(21), records!.readBigInt64BE(35)], [8, BigInt(logAppendTimeMs)])
      assert.equal(records!.readBigInt64BE(27), BigInt(timestampMs))
      const found = async (timestamp: number) => {
        const topics = [{ name: topic.name, partitions: [{ partitionIndex: 0, timestamp }] }]
        const answer = await client.call(listOffsets, 7, { replicaId: -1, topics })
        const { offset, timestamp: time } = answer.topics[0]!.partitions[0]!
        return [offset, time]
      }
      assert.deepEqual(await found(logAppendTimeMs), [0, logAppendTimeMs])
      assert.deepEqual(await found(logAppendTimeMs + 1), [-1, -1])
    })
  })
}
