import { deleteTopics as api, errorCode, zeroUuid } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'

const denial = { errorCode: errorCode.topicAuthorizationFailed, errorMessage: 'Topic authorization failed.' }

export const deleteTopics = serve(api, {
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
