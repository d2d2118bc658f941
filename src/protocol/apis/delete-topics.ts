import { defineApi } from '../api.ts'
import {
  array,
  defaulted,
  int16,
  int32,
  nullableSince,
  nullableString,
  since,
  string,
  struct,
  until,
  uuid,
  zeroUuid,
} from '../schema.ts'

export const deleteTopics = defineApi({
  key: 20,
  name: 'DeleteTopics',
  versions: [1, 6],
  flexibleSince: 4,
  request: struct({
    topics: since(6, array(struct({ name: nullableString, topicId: uuid })), []),
    topicNames: until(5, array(string), []),
    timeoutMs: int32,
  }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    responses: array(
      struct({
        name: nullableSince(6, nullableString),
        topicId: since(6, uuid, zeroUuid),
        errorCode: int16,
        errorMessage: since(5, nullableString, null),
      }),
    ),
  }),
})
