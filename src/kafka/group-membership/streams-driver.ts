import { assert } from '../../core/assert.ts'
import type { RequestInputOf, ResponseOf, streamsGroupHeartbeat } from '../../protocol/index.ts'
import { type DriverOptions, type MembershipDriver, outcomeOfRefusal } from './membership-driver.ts'
import type { Task } from './membership-state.ts'

type Request = RequestInputOf<typeof streamsGroupHeartbeat>
type Answer = ResponseOf<typeof streamsGroupHeartbeat>
export type StreamsTopology = NonNullable<Request['topology']>

/** Of this one subtopology tasks are numbers. */
const subtopologyId = '0'
/** Statuses that somebody has to do something about: topics that are missing, or that have other partitions. */
const missingSources = 1
const otherPartitions = 2

/** KIP-1071. Standby tasks are told and reported; all lists go together, without one no task is ever given up. */
export function streamsDriver({
  group: groupId,
  name: memberId,
  giveUpMsMax: rebalanceTimeoutMs,
  topology,
  processId,
  host,
}: DriverOptions & {
  /** The same for all members and versions, to the order of its lists: another one is refused. */
  readonly topology: StreamsTopology
  /** What all members of one process have in common, none of which keeps a copy of a task of another one. */
  readonly processId: string
  /** The machine of that process. Brokers up to 4.4 only tell of it, and give copies to any other process of it too. */
  readonly host: string
}): MembershipDriver {
  const beat = (request: Omit<Request, 'groupId'>) => ({
    api: 'streamsGroupHeartbeat' as const,
    request: { groupId, ...request },
  })
  return {
    traits: { afterLost: 'rejoin', confirmsGains: true, holdsJoins: false, memberId },
    begin({ kind, epoch: memberEpoch, held, standbys }) {
      if (kind === 'beat' || kind === 'leave') return beat({ memberId, memberEpoch })
      const tasks = { activeTasks: listOf(held), standbyTasks: listOf(standbys), warmupTasks: [] }
      const full = { rebalanceTimeoutMs, processId, clientTags: [{ key: 'host', value: host }], ...tasks }
      return beat({ memberId, memberEpoch, ...full, ...(kind === 'join' && { topology }) })
    },
    proceed(_, answered) {
      assert(answered.api === 'streamsGroupHeartbeat', 'nothing else is asked')
      const { memberEpoch: epoch, activeTasks, standbyTasks } = answered.answer
      const tasks = activeTasks && { tasks: tasksIn(activeTasks) }
      return { type: 'answered', memberId, epoch, ...tasks, ...(standbyTasks && { standbys: tasksIn(standbyTasks) }) }
    },
    refused: outcomeOfRefusal,
    complaint(answered) {
      if (answered.api !== 'streamsGroupHeartbeat') return undefined
      const told = answered.answer.status?.find(
        ({ statusCode }) => statusCode === missingSources || statusCode === otherPartitions,
      )
      return told?.statusDetail
    },
    roster: {
      listing: { api: 'streamsGroupDescribe', request: { groupIds: [groupId] } },
      namesIn(answered) {
        assert(answered.api === 'streamsGroupDescribe', 'nothing else is asked')
        return answered.answer.groups[0]!.members.map((member) => member.memberId)
      },
      removal: (name) => beat({ memberId: name, memberEpoch: -1 }),
    },
  }
}

function listOf(tasks: ReadonlySet<Task>): NonNullable<Request['activeTasks']> {
  return tasks.size === 0 ? [] : [{ subtopologyId, partitions: [...tasks].sort((a, b) => a - b) }]
}

function tasksIn(list: NonNullable<Answer['activeTasks']>): ReadonlySet<Task> {
  return new Set(list.flatMap(({ partitions }) => partitions))
}
