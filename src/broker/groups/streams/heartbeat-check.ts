import { errorCode } from '../../../protocol/index.ts'
import type { Refusal } from '../../topics.ts'
import { memberJoins, memberRestarts } from '../epochs/epoch-member.ts'
import type { StreamsHeartbeat, StreamsTopology } from './streams-member.ts'

/** Says what is wrong with a heartbeat by itself, or nothing. */
export function faultOfStreamsHeartbeat(request: StreamsHeartbeat): Refusal | undefined {
  const { groupId, memberId, memberEpoch, rackId, topology } = request
  const unsupported = unsupportedIn(request)
  if (unsupported !== undefined) return invalid(`${unsupported} are not supported.`)
  if (memberId === '') return invalid('MemberId is empty.')
  if (groupId === '') return invalid('GroupId is empty.')
  if (rackId === '') return invalid('RackId is empty.')
  if (memberEpoch <= memberRestarts) return invalid(`MemberEpoch is ${memberEpoch}.`)
  const tasks = [request.activeTasks, request.standbyTasks, request.warmupTasks]
  if (memberEpoch === memberJoins) {
    if (request.rebalanceTimeoutMs === -1) return invalid('RebalanceTimeoutMs is missing, and the member joins.')
    if (tasks.some((list) => list === null || list.length > 0)) return invalid('A member that joins has no tasks.')
    if (topology === null) return invalid('Topology is missing, and the member joins.')
    return faultOfTopology(topology)
  }
  const givenCount = tasks.filter((list) => list !== null).length
  if (givenCount > 0 && givenCount < tasks.length) return invalid('Tasks of all roles are to be told, or of none.')
  return topology === null ? undefined : invalid('A topology is told by a member that joins only.')
}

/** What Kafka 4.3 does not know yet. */
function unsupportedIn({ instanceId, taskOffsets, taskEndOffsets, warmupTasks, topology }: StreamsHeartbeat) {
  if (instanceId !== null) return 'Static members'
  if (taskOffsets !== null || taskEndOffsets !== null) return 'Offsets of tasks'
  if (warmupTasks !== null && warmupTasks.length > 0) return 'Warm-up tasks'
  const hasRegex = topology?.subtopologies.some(({ sourceTopicRegex }) => sourceTopicRegex.length > 0)
  return hasRegex === true ? 'Regular expressions for sources' : undefined
}

function faultOfTopology({ subtopologies }: StreamsTopology): Refusal | undefined {
  const changelogs = subtopologies.flatMap(({ stateChangelogTopics }) => stateChangelogTopics)
  const counted = changelogs.find(({ partitions }) => partitions !== 0)
  if (counted === undefined) return undefined
  const message = `Changelog ${counted.name} has as many partitions as what it is kept of, and says ${counted.partitions}.`
  return { error: errorCode.streamsInvalidTopology, message }
}

function invalid(message: string): Refusal {
  return { error: errorCode.invalidRequest, message }
}
