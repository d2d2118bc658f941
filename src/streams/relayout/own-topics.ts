import { KafkaError } from '../../core/errors.ts'
import { type Cluster, deleteGroup, listGroupMembers } from '../../kafka/index.ts'
import { appRunning } from '../admin/app-running.ts'
import type { Plan } from '../topology/plan.ts'
import { chainOf, topicsBetween } from '../topology/subtopologies.ts'

/**
 * Topics that a program has in this layout and in no other: its checkpoints, those that records are routed through, and
 * those of dead and of redriven letters of these.
 */
export function ownTopicsOf(plan: Plan): string[] {
  return chainOf(plan).flatMap((each, at) => [
    each.checkpointTopic,
    ...topicsBetween(each),
    ...(at > 0 ? [each.deadLetterTopic, each.redriveTopic] : []),
  ])
}

/** Groups that it has in this layout. */
function groupsOf(plan: Plan): string[] {
  return chainOf(plan).map(({ name }) => name)
}

/**
 * Fails while a program has members. All of its groups are those of the layout `routed`.
 *
 * @throws MillraceError `APP_RUNNING`
 */
export async function refuseMembers(cluster: Cluster, plan: Plan): Promise<void> {
  for (const { name, checkpointTopic } of chainOf(plan)) {
    const members = (await listGroupMembers(cluster, name, checkpointTopic)) ?? []
    if (members.length > 0) throw appRunning(name, members)
  }
}

/**
 * Deletes the groups of a layout, which brokers refuse while they have members: a group of another kind, or of a topology
 * of other tasks, would refuse those of the next layout.
 *
 * @throws MillraceError `APP_RUNNING`
 */
export async function deleteGroups(cluster: Cluster, plan: Plan): Promise<void> {
  for (const group of groupsOf(plan)) {
    try {
      await deleteGroup(cluster, group)
    } catch (error) {
      const isRunning = KafkaError.is(error) && error.details['brokerError'] === 'NON_EMPTY_GROUP'
      throw isRunning ? appRunning(group, []) : error
    }
  }
}
