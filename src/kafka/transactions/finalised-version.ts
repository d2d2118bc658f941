import { apis } from '../network/apis.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { TransactionVersion } from './transaction-state.ts'

/** The version of transactions that the brokers have finalised. */
export async function finalisedVersion(cluster: Cluster): Promise<TransactionVersion> {
  const software = { clientSoftwareName: 'millrace', clientSoftwareVersion: '1' }
  const { finalizedFeatures } = await cluster.ask('asking for features', apis.features, software)
  const feature = finalizedFeatures.find(({ name }) => name === 'transaction.version')
  return (feature?.maxVersionLevel ?? 0) >= 2 ? 2 : 1
}
