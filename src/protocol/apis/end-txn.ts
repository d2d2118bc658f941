import { defineApi } from '../api.ts'
import { boolean, defaulted, int16, int32, int64, since, string, struct } from '../schema.ts'

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
})
