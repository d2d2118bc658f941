import { defineApi } from '../api.ts'
import { ofTransaction } from '../coordinators.ts'
import { errorCode } from '../error-code.ts'
import { boolean, defaulted, int16, int32, int64, since, string, struct } from '../wire/schema.ts'
import { fencedProducerError } from './fenced-producer.ts'

const fencedSinceVersion = 2
const versionTwoSince = 5

export const endTxn = defineApi({
  key: 26,
  name: 'EndTxn',
  versions: [0, 5],
  flexibleSince: 3,
  request: struct({ transactionalId: string, producerId: int64, producerEpoch: int16, committed: boolean }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    errorCode: int16,
    producerId: since(5, int64, -1),
    producerEpoch: since(5, int16, -1),
  }),
  denied: ({ transactionalId }, { access }) =>
    access.transactionalId('write', transactionalId)
      ? undefined
      : { errorCode: errorCode.transactionalIdAuthorizationFailed },
  coordinatedBy: ofTransaction,
  handle({ transactionalId, producerId, producerEpoch: epoch, committed }, { cluster, version }) {
    const identity = { transactionalId, producerId, epoch }
    const next = cluster.transactions.end(identity, committed, version >= versionTwoSince ? 2 : 1)
    const error = fencedProducerError(next.error, version, fencedSinceVersion)
    return { errorCode: error, producerId: next.producerId, producerEpoch: next.epoch }
  },
})
