import { defineApi } from '../api.ts'
import { ofGroup } from '../coordinators.ts'
import { errorCode } from '../error-code.ts'
import { array, bytes, int16, int32, nullableString, since, string, struct } from '../wire/schema.ts'

export const syncGroup = defineApi({
  key: 14,
  name: 'SyncGroup',
  versions: [0, 5],
  flexibleSince: 4,
  request: struct({
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: since(3, nullableString, null),
    protocolType: since(5, nullableString, null),
    protocolName: since(5, nullableString, null),
    assignments: array(struct({ memberId: string, assignment: bytes })),
  }),
  response: struct({
    throttleTimeMs: since(1, int32, 0),
    errorCode: int16,
    protocolType: since(5, nullableString, null),
    protocolName: since(5, nullableString, null),
    assignment: bytes,
  }),
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
    const group = cluster.groups.get(groupId)
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
