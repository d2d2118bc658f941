import type { Api, RequestInputOf, ResponseOf } from '../../protocol/index.ts'
import { apis } from '../network/apis.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { answerOf, Coordinator, type Purpose } from '../cluster/coordinator.ts'
import type { GroupMember } from './group-member.ts'
import { withRetries } from '../cluster/retry.ts'

export interface GroupCoordinatorOptions {
  readonly cluster: Cluster
  readonly group: string
  readonly sessionTimeoutMs: number
}

export type JoinAnswer = ResponseOf<typeof apis.joinGroup>

/** Under which Kafka's tools know how to show a group. */
const protocolType = 'consumer'
/** Nobody else speaks it, so that no other consumer can join by mistake. */
const protocolName = 'millrace'
/** How long after the last member came the coordinator may take to answer those that wait for it. */
const joinGraceMs = 5_000
/** What is answered at once is given up after so long, so that brokers that hang are told of before that is noticed. */
const promptMsMax = 2_000

/**
 * The coordinator of a group, wherever it is: requests go to it again while it moves, restarts or cannot be reached.
 * What it refuses is raised with its name for the error as `details.brokerError`.
 */
export class GroupCoordinator {
  readonly #options: GroupCoordinatorOptions
  /** For what the coordinator holds back: a broker answers the requests of a connection one after the other. */
  readonly #held: Purpose
  /** For what it answers at once: that a connection has died must be found out before the session is over. */
  readonly #prompt: Purpose
  readonly #coordinator: Coordinator

  constructor(options: GroupCoordinatorOptions) {
    this.#options = options
    const { cluster, group, sessionTimeoutMs } = options
    this.#coordinator = new Coordinator(cluster, 'group', group)
    this.#held = { name: 'rebalance', requestTimeoutMs: sessionTimeoutMs + joinGraceMs }
    this.#prompt = { name: 'heartbeat', requestTimeoutMs: Math.min(Math.ceil(sessionTimeoutMs / 3), promptMsMax) }
  }

  /** Resolves when all members have joined, or those that came in time. */
  join(memberId: string, groupInstanceId: string, metadata: Buffer): Promise<JoinAnswer> {
    const { group: groupId, sessionTimeoutMs } = this.#options
    return this.#ask('joining', this.#held, apis.joinGroup, {
      groupId,
      sessionTimeoutMs,
      // Were the rebalance over before the session of a member that is gone, that session would begin anew with it.
      rebalanceTimeoutMs: sessionTimeoutMs,
      memberId,
      groupInstanceId,
      protocolType,
      protocols: [{ name: protocolName, metadata }],
    })
  }

  /** Resolves with this member's assignment when the leader has sent all of them. */
  async sync(member: GroupMember, assignments: { memberId: string; assignment: Buffer }[]): Promise<Buffer> {
    const request = { groupId: this.#options.group, ...member, protocolType, protocolName, assignments }
    const { assignment } = await this.#ask('syncing with', this.#held, apis.syncGroup, request)
    return assignment
  }

  async heartbeat(member: GroupMember): Promise<void> {
    await this.#ask('heartbeat to', this.#prompt, apis.heartbeat, { groupId: this.#options.group, ...member })
  }

  /** Takes members out of the group by their instance ids. */
  async remove(instanceIds: readonly string[], reason: string): Promise<void> {
    const members = instanceIds.map((groupInstanceId) => ({ memberId: '', groupInstanceId, reason }))
    await this.#ask('removing members from', this.#prompt, apis.leaveGroup, { groupId: this.#options.group, members })
  }

  /** The instance ids of all members that have one, also of those that have not finished joining. */
  async names(): Promise<string[]> {
    const { groups } = await this.#ask('describing', this.#prompt, apis.describeGroups, {
      groups: [this.#options.group],
    })
    return groups[0]!.members.flatMap(({ groupInstanceId }) => groupInstanceId ?? [])
  }

  /** Asks the coordinator, again while the error is one that passes. */
  #ask<A extends Api>(what: string, purpose: Purpose, api: A, request: RequestInputOf<A>): Promise<ResponseOf<A>> {
    const { cluster, group } = this.#options
    const step = `${what} group "${group}"`
    return withRetries(cluster.retryPolicy, step, async () => {
      return answerOf(await this.#coordinator.ask(api, request, purpose), step)
    })
  }
}
