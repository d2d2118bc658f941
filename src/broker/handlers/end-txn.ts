import { endTxn as api, errorCode } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import { ofTransaction } from '../coordinators.ts'
import { fencedProducerError } from './fenced-producer.ts'

const fencedSinceVersion = 2
const versionTwoSince = 5

export const endTxn = serve(api, {
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
