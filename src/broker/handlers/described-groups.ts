import { errorCode, operationsUnknown } from '../../protocol/index.ts'
import type { Access } from '../acl/access.ts'
import type { Cluster } from '../cluster.ts'
import { ofGroup } from '../coordinators.ts'
import type { Group } from '../groups/group.ts'

interface DescribeRequest {
  readonly groupIds: readonly string[]
  readonly includeAuthorizedOperations: boolean
}

/** A group whose members have epochs. */
interface EpochGroup extends Group {
  readonly epoch: number
  readonly assignmentEpoch: number
}

interface GroupsOfType<Of extends EpochGroup, Described> {
  /** As sentences name it. */
  readonly type: string
  readonly isOne: (group: Group | undefined) => group is Of
  /** What a description has beside its state and epochs. */
  readonly describe: (group: Of, cluster: Cluster) => Described
  /** The topics that a client has to have the right to describe, too. */
  readonly topicsIn: (described: Described, group: Of) => readonly string[]
}

/** How requests are answered that describe groups whose members have epochs, each by its id. */
export function describesGroups<Of extends EpochGroup, Described>({
  type,
  isOne,
  describe,
  topicsIn,
}: GroupsOfType<Of, Described>) {
  const describedOr = (groupId: string, includesOperations: boolean, access: Access, cluster: Cluster) => {
    if (!access.group('describe', groupId)) return refused(groupId, errorCode.groupAuthorizationFailed, null)
    const group = cluster.groups.get(groupId)
    if (!isOne(group)) return refused(groupId, errorCode.groupIdNotFound, `Group ${groupId} is not a ${type} group.`)
    const described = describe(group, cluster)
    if (!topicsIn(described, group).every((name) => access.topic('describe', name))) {
      const message = 'The group has topics that the client may not describe.'
      return refused(groupId, errorCode.topicAuthorizationFailed, message)
    }
    const authorizedOperations = includesOperations ? access.operationsOn('group', groupId) : operationsUnknown
    return {
      errorCode: errorCode.none,
      groupId,
      groupState: group.state,
      groupEpoch: group.epoch,
      assignmentEpoch: group.assignmentEpoch,
      ...described,
      authorizedOperations,
    }
  }
  return {
    // Several groups may be asked for together, where they have one coordinator.
    coordinatedBy: ({ groupIds }: DescribeRequest) =>
      groupIds.length === 0 ? undefined : ofGroup({ groupId: groupIds[0]! }),
    handle: (
      { groupIds, includeAuthorizedOperations }: DescribeRequest,
      { access, cluster }: { readonly access: Access; readonly cluster: Cluster },
    ) => ({
      groups: groupIds.map((groupId) => describedOr(groupId, includeAuthorizedOperations, access, cluster)),
    }),
  }
}

function refused(groupId: string, error: number, errorMessage: string | null) {
  return { errorCode: error, errorMessage, groupId, members: [] }
}
