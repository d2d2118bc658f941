import { apiVersions } from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { apis } from '../../src/broker/handlers/index.ts'
import type { Target } from './target.ts'

const request = { clientSoftwareName: 'contract', clientSoftwareVersion: '1' }

export function apiVersionsContract(target: Target): void {
  describe('ApiVersions', () => {
    it('claims the versions of Kafka 4.3 for every API that the embedded broker serves', async () => {
      await using client = await target.connect()

      const { errorCode, apiKeys } = await client.call(apiVersions, 4, request)

      assert.equal(errorCode, 0)
      for (const { key, name, versions } of apis) {
        const claimed = apiKeys.find(({ apiKey }) => apiKey === key)
        const first = name === 'Produce' ? 0 : versions[0]
        assert.equal(claimed?.minVersion, first, name)
        const isServed = target.isLater ? claimed.maxVersion >= versions[1] : claimed.maxVersion === versions[1]
        assert.ok(isServed, `${name} up to ${claimed.maxVersion}`)
      }
    })

    it('says that transactions are of version 2, and that there are groups whose broker shares out the work', async () => {
      await using client = await target.connect()

      const { supportedFeatures, finalizedFeatures, finalizedFeaturesEpoch } = await client.call(
        apiVersions,
        4,
        request,
      )

      for (const [name, level] of [
        ['transaction.version', 2],
        ['group.version', 1],
        ['streams.version', 1],
      ] as const) {
        assert.deepEqual(
          supportedFeatures.find((feature) => feature.name === name),
          { name, minVersion: 0, maxVersion: level },
        )
        assert.deepEqual(
          finalizedFeatures.find((feature) => feature.name === name),
          { name, minVersionLevel: level, maxVersionLevel: level },
        )
      }
      assert.ok(finalizedFeaturesEpoch >= 0)
    })

    it('is answered in each of its versions', async () => {
      await using client = await target.connect()

      for (let version = 0; version <= 4; version++) {
        const { errorCode } = await client.call(apiVersions, version, request)
        assert.equal(errorCode, 0, `version ${version}`)
      }
    })

    it('answers a version from the future as version 0, with the range to ask in', async () => {
      await using client = await target.connect()

      const { errorCode, apiKeys } = await client.call(apiVersions, 99, request, 0)

      assert.equal(errorCode, 35)
      assert.deepEqual(apiKeys, [{ apiKey: 18, minVersion: 0, maxVersion: target.isLater ? 5 : 4 }])
    })

    it('refuses a client that does not name its software', async () => {
      await using client = await target.connect()

      const { errorCode } = await client.call(apiVersions, 3, { clientSoftwareName: '-', clientSoftwareVersion: '1' })

      assert.equal(errorCode, 42)
    })
  })
}
