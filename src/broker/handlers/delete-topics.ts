import { defineApi } from '../api.ts'
import { errorCode } from '../error-code.ts'
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
} from '../wire/schema.ts'

const denial = { errorCode: errorCode.topicAuthorizationFailed, errorMessage: 'Topic authorization failed.' }

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
  handle(request, { access, cluster }) {
    const { topics } = cluster
    const remove = ({ name, topicId }: { name: string | null; topicId: string }) => {
      const topic = name === null ? topics.getById(topicId) : topics.get(name)
      const named = topic?.name ?? name
      if (named !== null && !access.topic('delete', named)) {
        // Who may not see a topic does not learn its name from its id.
        const shown = access.topic('describe', named) ? named : name
        return { name: shown, topicId, ...denial }
      }
      if (topic !== undefined) {
        cluster.deleteTopic(topic)
        return { name: topic.name, topicId: topic.id, errorCode: errorCode.none }
      }
      return name === null
        ? {
            name,
            topicId,
            errorCode: errorCode.unknownTopicId,
            errorMessage: 'This server does not host this topic ID.',
          }
        : {
            name,
            errorCode: errorCode.unknownTopicOrPartition,
            errorMessage: 'This server does not host this topic-partition.',
          }
    }
    return {
      responses: [...request.topics, ...request.topicNames.map((name) => ({ name, topicId: zeroUuid }))].map(remove),
    }
  },
})
