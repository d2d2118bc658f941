import { defineApi } from '../api.ts'
import {
  array,
  boolean,
  defaulted,
  int16,
  int32,
  int8,
  nullableString,
  since,
  string,
  struct,
  uuid,
} from '../schema.ts'
import { operationsUnknown } from './authorized-operations.ts'

const assignment = struct({
  topicPartitions: array(struct({ topicId: uuid, topicName: string, partitions: array(int32) })),
})

export const consumerGroupDescribe = defineApi({
  key: 69,
  name: 'ConsumerGroupDescribe',
  versions: [0, 1],
  flexibleSince: 0,
  request: struct({ groupIds: array(string), includeAuthorizedOperations: defaulted(boolean, false) }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    groups: array(
      struct({
        errorCode: int16,
        errorMessage: defaulted(nullableString, null),
        groupId: string,
        groupState: defaulted(string, ''),
        groupEpoch: defaulted(int32, 0),
        assignmentEpoch: defaulted(int32, 0),
        assignorName: defaulted(string, ''),
        members: array(
          struct({
            memberId: string,
            instanceId: nullableString,
            rackId: nullableString,
            memberEpoch: int32,
            clientId: string,
            clientHost: string,
            subscribedTopicNames: array(string),
            subscribedTopicRegex: nullableString,
            assignment,
            targetAssignment: assignment,
            memberType: since(1, int8, -1),
          }),
        ),
        authorizedOperations: defaulted(int32, operationsUnknown),
      }),
    ),
  }),
})
