import { errorCode } from '../../protocol/index.ts'
import { apis } from '../network/apis.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { askGroup } from './ask-group.ts'
import { refusalCode } from '../cluster/broker-error.ts'

/**
 * Deletes a consumer group and its offsets; one that does not exist is passed over.
 *
 * @throws KafkaError `KAFKA_REFUSED`, with `NON_EMPTY_GROUP` as `brokerError` while it has members.
 */
export async function deleteGroup(cluster: Cluster, group: string): Promise<void> {
  try {
    await askGroup(cluster, group, 'deletion', apis.deleteGroups, { groupsNames: [group] })
  } catch (error) {
    if (refusalCode(error) !== errorCode.groupIdNotFound) throw error
  }
}
