import { apiVersions as api, endTxn, errorCode } from '../../protocol/index.ts'
import { serve, type ServedApi } from '../served-api.ts'

const [, lastVersion] = api.versions
const produceKey = 0
/** The version of EndTxn whose answer has the next epoch of the producer. */
const epochAnsweredSince = 5
const transactionVersion = { name: 'transaction.version', level: 2 }
/** There are groups whose broker shares out the work (KIP-848). */
const groupVersion = { name: 'group.version', level: 1 }
/** And such groups of Kafka Streams (KIP-1071). */
const streamsVersion = { name: 'streams.version', level: 1 }

/**
 * The one API that is answered in an unknown version too, in the form of version 0, so that a client from the future
 * learns which version to ask with.
 */
export const apiVersions = serve(api, {
  handle({ clientSoftwareName, clientSoftwareVersion }, { version, apis }) {
    if (version > lastVersion) {
      return {
        errorCode: errorCode.unsupportedVersion,
        apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: lastVersion }],
      }
    }
    const isNamed = [clientSoftwareName, clientSoftwareVersion].every((text) => softwareText.test(text))
    if (version >= 3 && !isNamed) return { errorCode: errorCode.invalidRequest, apiKeys: [] }
    return { errorCode: errorCode.none, apiKeys: apis.map(claimOf), ...featuresOf(apis) }
  },
})

const softwareText = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

/**
 * What the cluster has agreed on. Version 2 of transactions tells producers that every transaction raises their epoch
 * (KIP-890). A broker that plays an older one, which cannot answer with an epoch, does not tell it.
 */
function featuresOf(apis: readonly ServedApi[]) {
  const served = apis.find(({ key }) => key === endTxn.key)
  const answersEpoch = served !== undefined && served.versions[1] >= epochAnsweredSince
  const features = [groupVersion, streamsVersion, ...(answersEpoch ? [transactionVersion] : [])]
  return {
    supportedFeatures: features.map(({ name, level }) => ({ name, minVersion: 0, maxVersion: level })),
    finalizedFeaturesEpoch: 0,
    finalizedFeatures: features.map(({ name, level }) => ({ name, minVersionLevel: level, maxVersionLevel: level })),
  }
}

function claimOf({ key, versions: [first, last] }: ServedApi) {
  // Kafka 4 claims the retired first versions of Produce, because librdkafka reads support for compression from them.
  return { apiKey: key, minVersion: key === produceKey ? 0 : first, maxVersion: last }
}
