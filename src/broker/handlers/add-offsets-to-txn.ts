import { addOffsetsToTxn as api, errorCode } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import { ofTransaction } from '../coordinators.ts'
import { fencedProducerError } from './fenced-producer.ts'

const fencedSinceVersion = 2

export const addOffsetsToTxn = serve(api, {
  denied({ transactionalId, groupId }, { access }) {
    if (!access.transactionalId('write', transactionalId)) {
      return { errorCode: errorCode.transactionalIdAuthorizationFailed }
    }
    return access.group('read', groupId) ? undefined : { errorCode: errorCode.groupAuthorizationFailed }
  },
  coordinatedBy: ofTransaction,
  handle({ transactionalId, producerId, producerEpoch: epoch, groupId }, { cluster, version }) {
    const error = cluster.transactions.addOffsets({ transactionalId, producerId, epoch }, groupId)
    return { errorCode: fencedProducerError(error, version, fencedSinceVersion) }
  },
})
