import { errorCode, syncGroup as api } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import { ofGroup } from '../coordinators.ts'

export const syncGroup = serve(api, {
  denied({ groupId }, { access }) {
    if (access.group('read', groupId)) return undefined
    return { errorCode: errorCode.groupAuthorizationFailed, assignment: Buffer.alloc(0) }
  },
  coordinatedBy: ofGroup,
  async handle(request, { cluster, version }) {
    const { groupId } = request
    if (groupId === '') return { errorCode: errorCode.invalidGroupId, assignment: Buffer.alloc(0) }
    const isProtocolNamed = request.protocolType !== null && request.protocolName !== null
    if (version >= 5 && !isProtocolNamed) {
      return { errorCode: errorCode.inconsistentGroupProtocol, assignment: Buffer.alloc(0) }
    }
    const group = cluster.groups.classic(groupId)
    if (group === undefined) return { errorCode: errorCode.unknownMemberId, assignment: Buffer.alloc(0) }
    const answer = await group.sync({
      ...request,
      // The group outlives the request's bytes.
      assignments: request.assignments.map(({ memberId, assignment }) => ({
        memberId,
        assignment: Buffer.from(assignment),
      })),
    })
    return { ...answer, errorCode: answer.error }
  },
})
