import { sleep } from '../../core/clock.ts'
import { meaningOfRefusal } from '../cluster/broker-error.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { GroupMember } from './group-member.ts'
import { retryDelayMs } from '../cluster/retry.ts'
import { chooseOwner } from './assignor.ts'
import type { GroupCoordinator, JoinAnswer } from './group-coordinator.ts'
import { ownershipLost } from './ownership-lost.ts'
import {
  type Candidacy,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  isOwnership,
  newcomer,
} from './subscription.ts'

export interface GroupSessionOptions {
  readonly cluster: Cluster
  readonly coordinator: GroupCoordinator
  readonly group: string
  readonly topic: string
  readonly instanceId: string
  readonly heartbeatIntervalMs: number
  /** How long `onRevoked` may take. */
  readonly revocationMsMax: number
  /** Called at the beginning of each generation, and when the coordinator has confirmed it because of `confirm`. */
  onGeneration(member: GroupMember, isOwner: boolean): void
  /** Called when another member is the owner by now: the time to end what is under way, in the present generation. */
  onRevoked(): Promise<void>
}

/**
 * The life of one member: it joins, learns its assignment and stays in its generation with heartbeats until the next
 * begins.
 *
 * - An owner stays the owner while the others join and leave: it does not stop for a rebalance, and says in its
 *   subscription what it owns, by which each leader lets it keep that.
 * - Members are static (KIP-345), with an instance id for each process. So a request that is sent again leaves no
 *   second member after, and the instance id says who may be removed, in every state of the group.
 * - The session ends with the ownership. A standby whose session is over joins anew.
 */
export class GroupSession {
  readonly #options: GroupSessionOptions
  #member: GroupMember
  #candidacy: Candidacy = newcomer
  #isOwner = false
  #isJoining = false
  #isLeaving = false
  #isConfirmationAsked = false
  #endPause: () => void = () => {}

  constructor(options: GroupSessionOptions) {
    this.#options = options
    this.#member = { generationId: -1, memberId: '', groupInstanceId: options.instanceId }
  }

  /** Takes part in the group until that ends; rejects with the reason. */
  async run(): Promise<never> {
    for (;;) {
      try {
        await this.#enterGeneration()
        await this.#stay()
      } catch (error) {
        if (this.#isLeaving) throw error
        this.#recover(error)
      }
    }
  }

  /** Takes this member out of the group, also out of a join that waits for others. */
  async leave(): Promise<void> {
    const { cluster, coordinator, instanceId } = this.#options
    this.#isLeaving = true
    for (let attempt = 0; ; attempt++) {
      const mayBeUnknown = this.#isJoining
      try {
        return await coordinator.remove([instanceId], 'it leaves')
      } catch (error) {
        // The coordinator may let it in only now, and nobody would be there.
        if (!mayBeUnknown || meaningOfRefusal(error) !== 'memberUnknown') throw error
        await sleep(cluster.clock, retryDelayMs(attempt, cluster.random), cluster.retryPolicy.signal)
      }
    }
  }

  /** Asks the coordinator, without waiting for the next heartbeat, which generation it is. */
  confirm(): void {
    this.#isConfirmationAsked = true
    this.#endPause()
  }

  async #enterGeneration(): Promise<void> {
    const { coordinator, topic } = this.#options
    const joined = await this.#join()
    const { generationId, memberId } = joined
    this.#member = { ...this.#member, generationId, memberId }
    const isOwner = isOwnership(await coordinator.sync(this.#member, this.#assignments(joined)), topic)
    if (this.#isOwner && !isOwner) return this.#giveUp()
    const { memberSince } = this.#candidacy
    this.#candidacy = {
      memberSince: memberSince < 0 ? generationId : memberSince,
      ownerIn: isOwner ? generationId : -1,
    }
    this.#isOwner = isOwner
    this.#tell()
  }

  async #join(): Promise<JoinAnswer> {
    const { coordinator, topic, instanceId } = this.#options
    this.#isJoining = true
    try {
      return await coordinator.join(this.#member.memberId, instanceId, encodeSubscription(topic, this.#candidacy))
    } finally {
      this.#isJoining = false
    }
  }

  #assignments({ leader, memberId, skipAssignment, members }: JoinAnswer) {
    if (leader !== memberId || skipAssignment) return []
    const owner = chooseOwner(
      members.map((member) => ({ memberId: member.memberId, ...decodeSubscription(member.metadata) })),
    )
    return members.map((member) => ({
      memberId: member.memberId,
      assignment: member.memberId === owner ? encodeAssignment(this.#options.topic) : encodeAssignment(),
    }))
  }

  async #stay(): Promise<never> {
    for (;;) {
      if (!this.#isConfirmationAsked) await this.#pause()
      const isAsked = this.#isConfirmationAsked
      await this.#options.coordinator.heartbeat(this.#member)
      if (isAsked) this.#tell()
    }
  }

  #tell(): void {
    this.#isConfirmationAsked = false
    this.#options.onGeneration(this.#member, this.#isOwner)
  }

  #pause(): Promise<void> {
    const { cluster, heartbeatIntervalMs } = this.#options
    return new Promise((resolve) => {
      const timer = cluster.clock.setTimer({ afterMs: heartbeatIntervalMs, background: true }, resolve)
      this.#endPause = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  /** Keeps the membership alive, as no longer than others wait, for what has to be ended before the partition goes. */
  async #giveUp(): Promise<never> {
    const { cluster, group, revocationMsMax } = this.#options
    this.#tell()
    const finished = this.#options.onRevoked()
    const overdue = sleep(cluster.clock, revocationMsMax, cluster.retryPolicy.signal)
    await Promise.race([finished, this.#stay().catch(() => finished), overdue])
    throw ownershipLost(group, 'another member was made the owner')
  }

  /** Returns when joining again is the answer to an error. */
  #recover(error: unknown): void {
    const meaning = meaningOfRefusal(error)
    // A rebalance begins, or has ended without this member, which may still be what it was.
    if (meaning === 'generationOver') return
    if (meaning !== 'memberUnknown' && meaning !== 'instanceFenced') throw error
    if (this.#isOwner) throw ownershipLost(this.#options.group, 'the session has ended', error)
    this.#member = { ...this.#member, memberId: '' }
    this.#candidacy = newcomer
  }
}
