import { errorCode, initProducerId as api } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import { ofTransaction } from '../coordinators.ts'
import { noEpoch, noProducerId } from '../transaction.ts'
import { fencedProducerError } from './fenced-producer.ts'

const fencedSinceVersion = 4

export const initProducerId = serve(api, {
  denied({ transactionalId }, { access }) {
    if (transactionalId !== null) {
      const mayTransact = access.transactionalId('write', transactionalId)
      return mayTransact ? undefined : { errorCode: errorCode.transactionalIdAuthorizationFailed }
    }
    const mayProduce = access.cluster('idempotentWrite') || access.someTopic('write')
    return mayProduce ? undefined : { errorCode: errorCode.clusterAuthorizationFailed }
  },
  coordinatedBy: ({ transactionalId }) => (transactionalId === null ? undefined : ofTransaction({ transactionalId })),
  handle({ transactionalId, transactionTimeoutMs, producerId, producerEpoch }, { cluster, version }) {
    if (transactionalId === null) {
      return { errorCode: errorCode.none, producerId: cluster.newProducerId(), producerEpoch: 0 }
    }
    const isKnown = producerId !== noProducerId
    if (isKnown !== (producerEpoch !== noEpoch)) return { errorCode: errorCode.invalidRequest }
    const expected = isKnown ? { producerId, epoch: producerEpoch } : undefined
    const granted = cluster.transactions.initProducerId(transactionalId, transactionTimeoutMs, expected)
    const error = fencedProducerError(granted.error, version, fencedSinceVersion)
    return { errorCode: error, producerId: granted.producerId, producerEpoch: granted.epoch }
  },
})
