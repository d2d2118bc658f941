import { defineApi } from '../api.ts'
import { ofGroup } from '../coordinators.ts'
import { errorCode } from '../error-code.ts'
import {
  array,
  boolean,
  bytes,
  int16,
  int32,
  nullableSince,
  nullableString,
  since,
  string,
  struct,
} from '../wire/schema.ts'

const knownMemberIdSince = 4
const skipAssignmentSince = 9

export const joinGroup = defineApi({
  key: 11,
  name: 'JoinGroup',
  versions: [0, 9],
  flexibleSince: 6,
  request: struct({
    groupId: string,
    sessionTimeoutMs: int32,
    rebalanceTimeoutMs: since(1, int32, -1),
    memberId: string,
    groupInstanceId: since(5, nullableString, null),
    protocolType: string,
    protocols: array(struct({ name: string, metadata: bytes })),
    reason: since(8, nullableString, null),
  }),
  response: struct({
    throttleTimeMs: since(2, int32, 0),
    errorCode: int16,
    generationId: int32,
    protocolType: since(7, nullableString, null),
    protocolName: nullableSince(7, nullableString),
    leader: string,
    skipAssignment: since(9, boolean, false),
    memberId: string,
    members: array(struct({ memberId: string, groupInstanceId: since(5, nullableString, null), metadata: bytes })),
  }),
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
