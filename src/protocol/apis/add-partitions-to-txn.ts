import { defineApi } from '../api.ts'
import { array, boolean, defaulted, int16, int32, int64, since, string, struct, until } from '../schema.ts'

const topics = array(struct({ name: string, partitions: array(int32) }))

const topicResults = array(
  struct({
    name: string,
    partitions: array(struct({ partitionIndex: int32, errorCode: int16 })),
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
    transactionalId: until(3, string, ''),
    producerId: until(3, int64, -1),
    producerEpoch: until(3, int16, -1),
    topics: until(3, topics, []),
  }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    errorCode: since(4, int16, 0),
    resultsByTransaction: since(4, array(struct({ transactionalId: string, topics: topicResults })), []),
    topics: until(3, topicResults, []),
  }),
})
