import { MillraceError } from '../../core/errors.ts'
import { errorCode, type ResponseOf } from '../../protocol/index.ts'
import { refusalCode } from '../cluster/broker-error.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { decodeAssignment } from '../group-membership/task-claims.ts'
import { processOf } from '../membership/process-identity.ts'
import { apis } from '../network/apis.ts'
import { askGroup } from './ask-group.ts'

/** A member of a group, of whatever kind. */
export interface ListedMember {
  /** By which brokers name it in their logs. */
  readonly memberId: string
  /** By what the other members know it, where it is a process of Millrace; else the same. */
  readonly name: string
  /** As the broker knows it. */
  readonly host: string
  /** Process id on that host; undefined for a member that is no process of Millrace. */
  readonly pid: number | undefined
  /** Partitions of the topic that it owns. */
  readonly owned: readonly number[]
  /** Those of which it keeps a copy warm; undefined in groups of other kinds than streams, which do not know that. */
  readonly standbys: readonly number[] | undefined
}

/** Counts the members of a group of any kind; undefined where there is no such group. */
export async function countGroupMembers(cluster: Cluster, group: string): Promise<number | undefined> {
  return (await describeGroup(cluster, group))?.members.length
}

/**
 * Lists the members of a group of any kind, and which partitions of a topic each of them owns; undefined where there is no
 * such group. While they are being balanced, some are nobody's.
 *
 * @param topic - Whose partitions are shared out. In a streams group these are its tasks.
 */
export async function listGroupMembers(
  cluster: Cluster,
  group: string,
  topic: string,
): Promise<ListedMember[] | undefined> {
  const described = await describeGroup(cluster, group)
  switch (described?.kind) {
    case 'classic': {
      const isOfConsumers = described.protocolType === 'consumer'
      return described.members.map((member) => ({
        ...identityOf(member, member.groupInstanceId ?? member.memberId),
        // What others are assigned, such as the workers of Kafka Connect, is written in their own way.
        owned: isOfConsumers ? inOrder(decodeAssignment(topic, member.memberAssignment).assigned) : [],
        standbys: undefined,
      }))
    }
    case 'streams':
      return described.members.map((member) => ({
        ...identityOf(member),
        owned: inOrder(member.assignment.activeTasks.flatMap(({ partitions }) => partitions)),
        standbys: inOrder(member.assignment.standbyTasks.flatMap(({ partitions }) => partitions)),
      }))
    case 'consumer':
      return described.members.map((member) => ({
        ...identityOf(member),
        owned: inOrder(
          member.assignment.topicPartitions
            .filter(({ topicName }) => topicName === topic)
            .flatMap(({ partitions }) => partitions),
        ),
        standbys: undefined,
      }))
    case undefined:
      return undefined
  }
}

function identityOf({ memberId, clientHost }: { memberId: string; clientHost: string }, name = memberId) {
  return { memberId, name, host: clientHost.replace(/^\//, ''), pid: processOf(name)?.pid }
}

function inOrder(partitions: readonly number[]): number[] {
  return partitions.toSorted((a, b) => a - b)
}

type Described =
  | ({ readonly kind: 'classic' } & Pick<
      ResponseOf<typeof apis.describeGroups>['groups'][number],
      'protocolType' | 'members'
    >)
  | {
      readonly kind: 'streams'
      readonly members: ResponseOf<typeof apis.streamsGroupDescribe>['groups'][number]['members']
    }
  | {
      readonly kind: 'consumer'
      readonly members: ResponseOf<typeof apis.consumerGroupDescribe>['groups'][number]['members']
    }

/** What the coordinator says of a group, by the request that is for its kind; undefined where there is none. */
async function describeGroup(cluster: Cluster, group: string): Promise<Described | undefined> {
  const what = 'describing the members'
  const classic = (await askGroup(cluster, group, what, apis.describeGroups, { groups: [group] })).groups[0]!
  // So brokers call a group of another kind, too.
  if (classic.groupState !== 'Dead') return { kind: 'classic', ...classic }
  const request = { groupIds: [group] }
  const streams = await ifOfKind(() => askGroup(cluster, group, what, apis.streamsGroupDescribe, request))
  if (streams !== undefined) return { kind: 'streams', members: streams.groups[0]!.members }
  const consumer = await ifOfKind(() => askGroup(cluster, group, what, apis.consumerGroupDescribe, request))
  return consumer && { kind: 'consumer', members: consumer.groups[0]!.members }
}

/** Undefined where the group is of another kind than was asked for, or the broker has none of that kind. */
async function ifOfKind<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (MillraceError.is(error) && error.code === 'KAFKA_VERSION_UNSUPPORTED') return undefined
    const code = refusalCode(error)
    if (code === errorCode.groupIdNotFound || code === errorCode.unsupportedVersion) return undefined
    throw error
  }
}
