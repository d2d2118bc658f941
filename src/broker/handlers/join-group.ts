import { errorCode, joinGroup as api } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import { ofGroup } from '../coordinators.ts'

const knownMemberIdSince = 4
const skipAssignmentSince = 9

export const joinGroup = serve(api, {
  denied({ groupId }, { access, version }) {
    if (access.group('read', groupId)) return undefined
    const protocolName = version < 7 ? '' : null
    return {
      errorCode: errorCode.groupAuthorizationFailed,
      generationId: -1,
      protocolName,
      leader: '',
      memberId: '',
      members: [],
    }
  },
  coordinatedBy: ofGroup,
  async handle(request, { cluster, version, clientId, clientHost }) {
    const { groupId, sessionTimeoutMs, rebalanceTimeoutMs } = request
    const answer = await cluster.groups.join(groupId, {
      ...request,
      // Version 0 had one timeout for both.
      rebalanceTimeoutMs: version === 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
      // The group outlives the request's bytes.
      protocols: request.protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
      clientId,
      clientHost,
      needsKnownMemberId: version >= knownMemberIdSince,
      canSkipAssignment: version >= skipAssignmentSince,
    })
    // Before version 7 no name had an empty string for it.
    const protocolName = version < 7 ? (answer.protocolName ?? '') : answer.protocolName
    return { ...answer, errorCode: answer.error, protocolName }
  },
})
