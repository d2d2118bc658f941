import { defineApi } from '../api.ts'
import {
  array,
  boolean,
  defaulted,
  int16,
  int32,
  nullable,
  nullableArray,
  nullableString,
  string,
  struct,
} from '../schema.ts'
import { operationsUnknown } from './authorized-operations.ts'
import { endpoint, internalTopic, keyValue, taskId, taskOffset } from './streams-group-heartbeat.ts'

const assignment = struct({ activeTasks: array(taskId), standbyTasks: array(taskId), warmupTasks: array(taskId) })

const subtopology = struct({
  subtopologyId: string,
  sourceTopics: array(string),
  repartitionSinkTopics: array(string),
  stateChangelogTopics: array(internalTopic),
  repartitionSourceTopics: array(internalTopic),
})

export const streamsGroupDescribe = defineApi({
  key: 89,
  name: 'StreamsGroupDescribe',
  versions: [0, 0],
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
        topology: defaulted(nullable(struct({ epoch: int32, subtopologies: nullableArray(subtopology) })), null),
        members: array(
          struct({
            memberId: string,
            memberEpoch: int32,
            instanceId: nullableString,
            rackId: nullableString,
            clientId: string,
            clientHost: string,
            topologyEpoch: int32,
            processId: string,
            userEndpoint: nullable(endpoint),
            clientTags: array(keyValue),
            taskOffsets: array(taskOffset),
            taskEndOffsets: array(taskOffset),
            assignment,
            targetAssignment: assignment,
            isClassic: boolean,
          }),
        ),
        authorizedOperations: defaulted(int32, operationsUnknown),
      }),
    ),
  }),
})
