import { defineApi } from '../api.ts'
import {
  array,
  defaulted,
  int16,
  int32,
  int64,
  nullableString,
  records,
  since,
  string,
  struct,
  until,
  uuid,
  zeroUuid,
} from '../schema.ts'

export const produce = defineApi({
  key: 0,
  name: 'Produce',
  versions: [3, 13],
  flexibleSince: 9,
  request: struct({
    transactionalId: nullableString,
    acks: int16,
    timeoutMs: int32,
    topicData: array(
      struct({
        name: until(12, string, ''),
        topicId: since(13, uuid, zeroUuid),
        partitionData: array(struct({ index: int32, records })),
      }),
    ),
  }),
  response: struct({
    responses: array(
      struct({
        name: until(12, string, ''),
        topicId: since(13, uuid, zeroUuid),
        partitionResponses: array(
          struct({
            index: int32,
            errorCode: int16,
            baseOffset: defaulted(int64, -1),
            logAppendTimeMs: defaulted(int64, -1),
            logStartOffset: since(5, int64, -1),
            recordErrors: since(8, array(struct({ batchIndex: int32, batchIndexErrorMessage: nullableString })), []),
            errorMessage: since(8, nullableString, null),
          }),
        ),
      }),
    ),
    throttleTimeMs: defaulted(int32, 0),
  }),
})
