import { defineApi } from '../api.ts'
import { ofTransaction } from '../coordinators.ts'
import { errorCode } from '../error-code.ts'
import { noEpoch, noProducerId } from '../transaction.ts'
import { defaulted, int16, int32, int64, nullableString, since, struct } from '../wire/schema.ts'
import { fencedProducerError } from './fenced-producer.ts'

const fencedSinceVersion = 4

export const initProducerId = defineApi({
  key: 22,
  name: 'InitProducerId',
  versions: [0, 5],
  flexibleSince: 2,
  request: struct({
    transactionalId: nullableString,
    transactionTimeoutMs: int32,
    producerId: since(3, int64, -1),
    producerEpoch: since(3, int16, -1),
  }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    errorCode: int16,
    producerId: defaulted(int64, -1),
    producerEpoch: defaulted(int16, -1),
  }),
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
