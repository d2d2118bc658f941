import { defineApi } from '../api.ts'
import { array, defaulted, int16, int32, int64, string, struct } from '../schema.ts'

export const describeTransactions = defineApi({
  key: 65,
  name: 'DescribeTransactions',
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({ transactionalIds: array(string) }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    transactionStates: array(
      struct({
        errorCode: int16,
        transactionalId: string,
        transactionState: defaulted(string, ''),
        transactionTimeoutMs: defaulted(int32, 0),
        transactionStartTimeMs: defaulted(int64, 0),
        producerId: defaulted(int64, 0),
        producerEpoch: defaulted(int16, 0),
        topics: array(struct({ topic: string, partitions: array(int32) })),
      }),
    ),
  }),
})
