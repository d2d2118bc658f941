import type { GroupRequest } from '../../../kafka/index.ts'
import {
  consumerGroupHeartbeat,
  type ErrorCode,
  errorCode,
  heartbeat,
  joinGroup,
  leaveGroup,
  Reader,
  streamsGroupHeartbeat,
  syncGroup,
  type Type,
  Writer,
} from '../../../protocol/index.ts'
import type { Groups } from '../groups.ts'

type Answer = number | object

/** What the coordinator of the embedded broker says to a request, without a broker: an error, or an answer. */
export function answerTo(groups: Groups, client: string, sent: GroupRequest): Answer | Promise<Answer> {
  const by = { clientId: client, clientHost: '' }
  switch (sent.api) {
    case 'streamsGroupHeartbeat': {
      const { request, response } = streamsGroupHeartbeat
      const outcome = groups.heartbeatOfStreams({ ...carried(request, sent.request), ...by })
      if ('error' in outcome) return outcome.error
      return carried(response, { errorCode: errorCode.none, ...outcome.answer })
    }
    case 'consumerGroupHeartbeat': {
      const { request, response } = consumerGroupHeartbeat
      const answer = groups.heartbeatOfConsumer({ ...carried(request, sent.request), ...by }, 1)
      return 'error' in answer ? answer.error : carried(response, { errorCode: errorCode.none, ...answer })
    }
    case 'joinGroup': {
      const request = carried(joinGroup.request, sent.request)
      const how = { needsKnownMemberId: true, canSkipAssignment: true }
      return groups.join(request.groupId, { ...request, ...by, ...how }).then(refusedOr)
    }
    case 'syncGroup': {
      const request = carried(syncGroup.request, sent.request)
      const group = groups.classic(request.groupId)
      if (group === undefined) return errorCode.unknownMemberId
      const answer = group.sync(request)
      return answer instanceof Promise ? answer.then(refusedOr) : refusedOr(answer)
    }
    case 'heartbeat': {
      const { groupId, generationId, ...identity } = carried(heartbeat.request, sent.request)
      return refusedOr({
        error: groups.classic(groupId)?.heartbeat(identity, generationId) ?? errorCode.unknownMemberId,
      })
    }
    case 'leaveGroup': {
      const { groupId, members } = carried(leaveGroup.request, sent.request)
      const errors = groups.classic(groupId)?.leave(members) ?? [errorCode.unknownMemberId]
      return refusedOr({ error: errors[0]! })
    }
    case 'streamsGroupDescribe':
    case 'consumerGroupDescribe':
    case 'describeGroups':
      throw new Error(`${sent.api} is not asked here`)
  }
}

function refusedOr<Told extends { readonly error: ErrorCode }>(told: Told): Answer {
  return told.error === errorCode.none ? told : told.error
}

/** What arrives of a message in the latest version. */
function carried<Value, Input>(type: Type<Value, Input>, message: Input): Value {
  const version = 9
  const writer = new Writer(version, true)
  type.write(writer, message)
  const reader = new Reader(Buffer.concat(writer.finish()))
  reader.version = version
  reader.flexible = true
  return type.read(reader)
}
