import { defineApi } from '../api.ts'
import { array, boolean, defaulted, int16, int32, int64, since, string, struct, until } from '../schema.ts'

const topics = array(struct({ name: string, partitions: array(int32) }))

const topicResults = array(
  struct({
    name: string,
    resultsByPartition: array(struct({ partitionIndex: int32, partitionErrorCode: int16 })),
  }),
)

export const addPartitionsToTxn = defineApi({
  key: 24,
  name: 'AddPartitionsToTxn',
  versions: [0, 5],
  flexibleSince: 3,
  request: struct({
    transactions: since(
      4,
      array(struct({ transactionalId: string, producerId: int64, producerEpoch: int16, verifyOnly: boolean, topics })),
      [],
    ),
    v3AndBelowTransactionalId: until(3, string, ''),
    v3AndBelowProducerId: until(3, int64, -1),
    v3AndBelowProducerEpoch: until(3, int16, -1),
    v3AndBelowTopics: until(3, topics, []),
  }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    errorCode: since(4, int16, 0),
    resultsByTransaction: since(4, array(struct({ transactionalId: string, topicResults })), []),
    resultsByTopicV3AndBelow: until(3, topicResults, []),
  }),
})
