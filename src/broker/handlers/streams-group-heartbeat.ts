import { errorCode, streamsGroupHeartbeat as api } from '../../protocol/index.ts'
import { ofGroup } from '../coordinators.ts'
import { topicsOf } from '../groups/streams/configured-topology.ts'
import { statusCode, type StreamsStatus } from '../groups/streams/streams-member.ts'
import { type RequestContext, serve } from '../served-api.ts'
import type { NewTopic } from '../topics.ts'

export const streamsGroupHeartbeat = serve(api, {
  denied({ groupId, topology }, { access }) {
    if (!access.group('read', groupId)) return refused(errorCode.groupAuthorizationFailed)
    const isDescribed = topology === null || topicsOf(topology).every((name) => access.topic('describe', name))
    return isDescribed ? undefined : refused(errorCode.topicAuthorizationFailed)
  },
  coordinatedBy: ofGroup,
  handle(request, context) {
    const { clientId, clientHost, cluster } = context
    const outcome = cluster.groups.heartbeatOfStreams({ ...request, clientId, clientHost })
    if ('error' in outcome) return refused(outcome.error, outcome.message)
    const { answer, missingTopics } = outcome
    return { errorCode: errorCode.none, ...answer, status: afterCreation(answer.status ?? [], missingTopics, context) }
  },
})

/** Makes the internal topics, and adds to the status that they are missing what came in the way of that. */
function afterCreation(status: readonly StreamsStatus[], missing: readonly NewTopic[], context: RequestContext) {
  const faults = missing.flatMap((topic) => create(topic, context) ?? [])
  if (faults.length === 0) return status
  return status.map((each) =>
    each.statusCode === statusCode.missingInternalTopics
      ? { ...each, statusDetail: `${each.statusDetail}; Creation failed: ${faults.join(', ')}.` }
      : each,
  )
}

function create(topic: NewTopic, { access, cluster }: RequestContext): string | undefined {
  if (!access.cluster('create') && !access.topic('create', topic.name)) return `Unauthorized to CREATE ${topic.name}`
  const refusal = cluster.topics.check(topic)
  if (refusal === undefined) cluster.topics.create(topic)
  return refusal && `${topic.name} (${refusal.message})`
}

function refused(error: number, errorMessage: string | null = null) {
  return { errorCode: error, errorMessage, status: null }
}
