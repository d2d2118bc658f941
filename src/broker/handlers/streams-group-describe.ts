import { streamsGroupDescribe as api } from '../../protocol/index.ts'
import type { Unit } from '../groups/epochs/unit.ts'
import { topicsOf } from '../groups/streams/configured-topology.ts'
import { type StreamsGroup, taskListsOf } from '../groups/streams/streams-group.ts'
import type { StreamsTopology } from '../groups/streams/streams-member.ts'
import { tasksIn } from '../groups/streams/task.ts'
import { serve } from '../served-api.ts'
import { describesGroups } from './described-groups.ts'

export const streamsGroupDescribe = serve(
  api,
  describesGroups({
    type: 'streams',
    isOne: (group): group is StreamsGroup => group?.type === 'streams',
    describe,
    topicsIn: (_, { topology }) => topicsOf(topology),
  }),
)

function describe(group: StreamsGroup) {
  return {
    topology: describeTopology(group.topology),
    members: group.members.map((member) => ({
      memberId: member.id,
      memberEpoch: member.held.epoch,
      instanceId: member.instanceId,
      rackId: member.rackId,
      clientId: member.clientId,
      clientHost: `/${member.clientHost}`,
      topologyEpoch: member.topologyEpoch,
      processId: member.processId,
      userEndpoint: member.userEndpoint,
      clientTags: member.clientTags,
      taskOffsets: [],
      taskEndOffsets: [],
      assignment: assignmentOf(member.held.assigned.keys()),
      targetAssignment: assignmentOf(group.targetOf(member.id)),
      isClassic: false,
    })),
  }
}

function describeTopology({ epoch, subtopologies }: StreamsTopology) {
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1)
  return {
    epoch,
    subtopologies: subtopologies
      .toSorted((a, b) => (a.subtopologyId < b.subtopologyId ? -1 : 1))
      .map((each) => ({
        subtopologyId: each.subtopologyId,
        sourceTopics: each.sourceTopics.toSorted(),
        repartitionSinkTopics: each.repartitionSinkTopics.toSorted(),
        stateChangelogTopics: each.stateChangelogTopics.toSorted(byName),
        repartitionSourceTopics: each.repartitionSourceTopics.toSorted(byName),
      })),
  }
}

function assignmentOf(units: Iterable<Unit>) {
  const held = [...units]
  return {
    activeTasks: taskListsOf(tasksIn('active', held)),
    standbyTasks: taskListsOf(tasksIn('standby', held)),
    warmupTasks: taskListsOf(tasksIn('warmup', held)),
  }
}
