import { defineApi } from '../api.ts'
import { ofTransaction } from '../coordinators.ts'
import { errorCode } from '../error-code.ts'
import { defaulted, int16, int32, int64, string, struct } from '../wire/schema.ts'
import { fencedProducerError } from './fenced-producer.ts'

const fencedSinceVersion = 2

export const addOffsetsToTxn = defineApi({
  key: 25,
  name: 'AddOffsetsToTxn',
  versions: [0, 4],
  flexibleSince: 3,
  request: struct({ transactionalId: string, producerId: int64, producerEpoch: int16, groupId: string }),
  response: struct({ throttleTimeMs: defaulted(int32, 0), errorCode: int16 }),
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
