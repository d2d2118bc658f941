import {
  type API,
  describeGroupsV5,
  findCoordinatorV4,
  heartbeatV4,
  joinGroupV9,
  leaveGroupV5,
  syncGroupV5,
} from '@platformatic/kafka'
import { asKafkaError } from '../broker-error.ts'
import type { Cluster } from '../cluster.ts'
import type { Connection } from '../connection.ts'
import type { GroupMember } from '../group-member.ts'
import { withRetries } from '../retry.ts'

export interface GroupCoordinatorOptions {
  readonly cluster: Cluster
  readonly group: string
  readonly sessionTimeoutMs: number
}

export type JoinAnswer = ReturnType<typeof joinGroupV9.parseResponse>

const groupKeyType = 0
/** Under which Kafka's tools know how to show a group. */
const protocolType = 'consumer'
/** Nobody else speaks it, so that no other consumer can join by mistake. */
const protocolName = 'millrace'
/** How long after the last member came the coordinator may take to answer those that wait for it. */
const joinGraceMs = 5_000

/** What a connection is for, and how long the coordinator may take to answer there. */
interface Purpose {
  readonly name: string
  readonly requestTimeoutMs: number
}

/**
 * The coordinator of a group, wherever it is: requests go to it again while it moves, restarts or cannot be reached. What it
 * refuses is raised with its name for the error as `details.brokerError`.
 */
export class GroupCoordinator {
  readonly #options: GroupCoordinatorOptions
  /** For what the coordinator holds back: a broker answers the requests of a connection one after the other. */
  readonly #held: Purpose
  /** For what it answers at once: that a connection has died must be found out before the session is over. */
  readonly #prompt: Purpose
  #node: { nodeId: number; host: string; port: number } | undefined

  constructor(options: GroupCoordinatorOptions) {
    this.#options = options
    const { sessionTimeoutMs } = options
    this.#held = { name: 'rebalance', requestTimeoutMs: sessionTimeoutMs + joinGraceMs }
    this.#prompt = { name: 'heartbeat', requestTimeoutMs: Math.ceil(sessionTimeoutMs / 3) }
  }

  /** Resolves when all members have joined, or those that came in time. */
  join(memberId: string, instanceId: string, metadata: Buffer): Promise<JoinAnswer> {
    const { group, sessionTimeoutMs } = this.#options
    // Were the rebalance over before the session of a member that is gone, that session would begin anew with it.
    const rebalanceTimeoutMs = sessionTimeoutMs
    const timeouts = [sessionTimeoutMs, rebalanceTimeoutMs] as const
    const protocols = [{ name: protocolName, metadata }]
    const call = this.#caller('joining', this.#held, joinGroupV9.api)
    return call(group, ...timeouts, memberId, instanceId, protocolType, protocols)
  }

  /** Resolves with this member's assignment when the leader has sent all of them. */
  async sync(member: GroupMember, assignments: { memberId: string; assignment: Buffer }[]): Promise<Buffer> {
    const { generationId, memberId, groupInstanceId } = member
    const identity = [this.#options.group, generationId, memberId, groupInstanceId] as const
    const call = this.#caller('syncing with', this.#held, syncGroupV5.api)
    const { assignment } = await call(...identity, protocolType, protocolName, assignments)
    return assignment
  }

  async heartbeat({ generationId, memberId, groupInstanceId }: GroupMember): Promise<void> {
    const call = this.#caller('heartbeat to', this.#prompt, heartbeatV4.api)
    await call(this.#options.group, generationId, memberId, groupInstanceId)
  }

  /** Takes members out of the group by their instance ids. */
  async remove(instanceIds: readonly string[], reason: string): Promise<void> {
    const members = instanceIds.map((groupInstanceId) => ({ memberId: '', groupInstanceId, reason }))
    const call = this.#caller('removing members from', this.#prompt, leaveGroupV5.api)
    await call(this.#options.group, members)
  }

  /** The instance ids of all members that have one, also of those that have not finished joining. */
  async instanceIds(): Promise<string[]> {
    const call = this.#caller('describing', this.#prompt, describeGroupsV5.api)
    const { groups } = await call([this.#options.group], false)
    return groups[0]!.members.flatMap(({ groupInstanceId }) => groupInstanceId ?? [])
  }

  /** A function that calls an API at the coordinator, again while the error is one that passes. */
  #caller<Arguments extends unknown[], Response>(what: string, purpose: Purpose, api: API<Arguments, Response>) {
    const { cluster, group } = this.#options
    return (...args: Arguments): Promise<Response> =>
      withRetries(cluster.retryPolicy, `${what} group "${group}"`, async () => {
        try {
          const connection = await this.#connection(purpose)
          return await connection.call(api, ...args)
        } catch (error) {
          const failure = asKafkaError(error, `${what} group "${group}"`)
          if (failure.retryable) this.#node = undefined
          throw failure
        }
      })
  }

  async #connection({ name, requestTimeoutMs }: Purpose): Promise<Connection> {
    const { cluster, group } = this.#options
    if (this.#node === undefined) {
      const any = await cluster.anyConnection()
      const { coordinators } = await any.call(findCoordinatorV4.api, groupKeyType, [group])
      this.#node = coordinators[0]!
    }
    return cluster.connectionTo(this.#node, name, requestTimeoutMs)
  }
}
