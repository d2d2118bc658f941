import { consumerGroupHeartbeat as api, errorCode } from '../../protocol/index.ts'
import { ofGroup } from '../coordinators.ts'
import { serve } from '../served-api.ts'

export const consumerGroupHeartbeat = serve(api, {
  denied({ groupId, subscribedTopicNames }, { access }) {
    if (!access.group('read', groupId)) return refused(errorCode.groupAuthorizationFailed)
    const isDescribed = (subscribedTopicNames ?? []).every((name) => access.topic('describe', name))
    return isDescribed ? undefined : refused(errorCode.topicAuthorizationFailed)
  },
  coordinatedBy: ofGroup,
  handle(request, { cluster, version, clientId, clientHost }) {
    const answer = cluster.groups.heartbeatOfConsumer({ ...request, clientId, clientHost }, version)
    return 'error' in answer ? refused(answer.error, answer.message) : { errorCode: errorCode.none, ...answer }
  },
})

function refused(error: number, errorMessage: string | null = null) {
  return { errorCode: error, errorMessage }
}
