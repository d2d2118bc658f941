import { type Api, defineApi } from '../api.ts'
import { errorCode } from '../error-code.ts'
import { array, int16, int32, int64, since, string, struct, tagged } from '../wire/schema.ts'

const lastVersion = 4
const produceKey = 0

/**
 * The one API that is answered in an unknown version too, in the form of version 0, so that a client from the future
 * learns which version to ask with.
 */
export const apiVersions = defineApi({
  key: 18,
  name: 'ApiVersions',
  versions: [0, lastVersion],
  flexibleSince: 3,
  request: struct({ clientSoftwareName: since(3, string, ''), clientSoftwareVersion: since(3, string, '') }),
  response: struct({
    errorCode: int16,
    apiKeys: array(struct({ apiKey: int16, minVersion: int16, maxVersion: int16 })),
    throttleTimeMs: since(1, int32, 0),
    supportedFeatures: tagged(0, 3, array(struct({ name: string, minVersion: int16, maxVersion: int16 })), []),
    finalizedFeaturesEpoch: tagged(1, 3, int64, -1),
    finalizedFeatures: tagged(
      2,
      3,
      array(struct({ name: string, maxVersionLevel: int16, minVersionLevel: int16 })),
      [],
    ),
  }),
  handle({ clientSoftwareName, clientSoftwareVersion }, { version, apis }) {
    if (version > lastVersion) {
      return {
        errorCode: errorCode.unsupportedVersion,
        apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: lastVersion }],
      }
    }
    const isNamed = [clientSoftwareName, clientSoftwareVersion].every((text) => softwareText.test(text))
    if (version >= 3 && !isNamed) return { errorCode: errorCode.invalidRequest, apiKeys: [] }
    return { errorCode: errorCode.none, apiKeys: apis.map(claimOf), ...features }
  },
})

const softwareText = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

/** Version 2 tells producers that every transaction raises their epoch (KIP-890). */
const features = {
  supportedFeatures: [{ name: 'transaction.version', minVersion: 0, maxVersion: 2 }],
  finalizedFeaturesEpoch: 0,
  finalizedFeatures: [{ name: 'transaction.version', minVersionLevel: 2, maxVersionLevel: 2 }],
}

function claimOf({ key, versions: [first, last] }: Api) {
  // Kafka 4 claims the retired first versions of Produce, because librdkafka reads support for compression from them.
  return { apiKey: key, minVersion: key === produceKey ? 0 : first, maxVersion: last }
}
