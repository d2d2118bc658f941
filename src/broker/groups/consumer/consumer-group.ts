import type { Clock } from '../../../core/clock.ts'
import { type ErrorCode, errorCode } from '../../../protocol/index.ts'
import type { Refusal, Topics } from '../../topics.ts'
import { memberJoins, memberRestarts } from '../epochs/epoch-member.ts'
import { Roster } from '../epochs/roster.ts'
import { isChanged, reconcile } from '../epochs/reconciliation.ts'
import { listsOf, ownerIdOf, type Unit, unitsOf } from '../epochs/unit.ts'
import type { Commit, Group } from '../group.ts'
import type { GroupConfig } from '../group-config.ts'
import type { GroupOffsets } from '../group-offsets.ts'
import type { Sharing } from './assignor.ts'
import { assignors, defaultAssignor } from './assignors.ts'
import type { ConsumerHeartbeat, ConsumerHeartbeatAnswer, ConsumerMember } from './consumer-member.ts'

/** As `group.consumer.max.size`, which Kafka leaves open. */
const membersMax = 1_000

const nothing: ReadonlySet<Unit> = new Set()

type ConsumerGroupState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable'

interface ConsumerGroupOptions {
  readonly clock: Clock
  readonly topics: Topics
  readonly config: GroupConfig
}

/**
 * A consumer group whose broker shares out the partitions (KIP-848). Whatever changes members, subscriptions or topics
 * raises the epoch of the group; the next heartbeat of any member makes a target of it, and each member is led there by
 * its own heartbeats.
 *
 * @see Kafka's GroupMetadataManager.consumerGroupHeartbeat, whose rules these are
 */
export class ConsumerGroup implements Group {
  readonly id: string
  readonly type = 'consumer'
  readonly protocolType = 'consumer'
  readonly offsets: GroupOffsets
  readonly #options: ConsumerGroupOptions
  readonly #roster: Roster<ConsumerMember>
  #epoch = 0
  #assignmentEpoch = 0
  #assignedAtMs = -Infinity
  /** What each member is to have, by its id. */
  #target: ReadonlyMap<string, ReadonlySet<Unit>> = new Map()
  /** The subscribed topics as they were when the epoch was last raised. */
  #subscribed = ''

  constructor(id: string, offsets: GroupOffsets, options: ConsumerGroupOptions) {
    this.id = id
    this.offsets = offsets
    this.#options = options
    const { clock, config } = options
    this.#roster = new Roster({
      clock,
      sessionTimeoutMs: () => config.number(id, 'consumer.session.timeout.ms'),
      onExpired: () => (this.#epoch += 1),
    })
  }

  get epoch(): number {
    return this.#epoch
  }

  get assignmentEpoch(): number {
    return this.#assignmentEpoch
  }

  get isEmpty(): boolean {
    return this.#roster.size === 0
  }

  get state(): ConsumerGroupState {
    if (this.isEmpty) return 'Empty'
    if (this.#epoch > this.#assignmentEpoch) return 'Assigning'
    const isSettled = ({ held }: ConsumerMember) => held.state === 'stable' && held.epoch === this.#assignmentEpoch
    return this.members.every(isSettled) ? 'Stable' : 'Reconciling'
  }

  get members(): ConsumerMember[] {
    return this.#roster.all()
  }

  /** The assignor that most members ask for. */
  get assignorName(): string {
    const asked = this.members.flatMap(({ serverAssignor }) => serverAssignor ?? [])
    const votes = [...Map.groupBy(asked, (name) => name)].toSorted(([, a], [, b]) => b.length - a.length)
    return votes[0]?.[0] ?? defaultAssignor
  }

  targetOf(memberId: string): ReadonlySet<Unit> {
    return this.#target.get(memberId) ?? nothing
  }

  subscribedTopics(): Set<string> {
    return new Set(this.members.flatMap(({ subscribedTopicNames }) => subscribedTopicNames))
  }

  /** Takes the heartbeat of a member that joins, stays or leaves. */
  heartbeat(request: ConsumerHeartbeat): ConsumerHeartbeatAnswer | Refusal {
    if (request.memberEpoch < memberJoins) return this.#leave(request)
    const known = this.#find(request)
    if (known === undefined && this.#roster.size >= membersMax) {
      return refusal(errorCode.groupMaxSizeReached, `${this.id} has ${membersMax} members, and takes no more.`)
    }
    if (known !== undefined && 'error' in known) return known
    const member = this.#update(known, request)
    if (this.#isAssignmentDue()) this.#assign()

    const before = member.held
    const reported = reportedBy(request)
    this.#roster.settle(
      member,
      reconcile(before, {
        target: { epoch: this.#assignmentEpoch, units: this.#subscribedOf(member) },
        reported,
        // What it has just given up itself may come back at once.
        isFree: (unit) => before.revoking.has(unit) || !this.#roster.isHeldByOthers(unit, member),
      }),
    )
    this.#roster.keepAlive(member)
    const isFull = request.rebalanceTimeoutMs !== -1 && request.subscribedTopicNames !== null && reported !== undefined
    const isTold = request.memberEpoch === memberJoins || isFull || isChanged(before, member.held)
    return this.#answer(member, isTold)
  }

  checkCommit(commit: Commit): ErrorCode {
    return this.#roster.checkCommit(commit)
  }

  checkFetch(memberId: string | null, memberEpoch: number): ErrorCode {
    return this.#roster.checkFetch(memberId, memberEpoch)
  }

  close(): void {
    this.#roster.close()
  }

  /** Finds the member that a heartbeat is of; `undefined` for one that joins, and a reason for one that may not be. */
  #find(request: ConsumerHeartbeat): ConsumerMember | undefined | Refusal {
    const { memberId, memberEpoch, instanceId } = request
    const isJoining = memberEpoch === memberJoins
    if (instanceId !== null) {
      const owner = this.#roster.ofInstance(instanceId)
      if (isJoining) {
        if (owner === undefined || owner.held.epoch === memberRestarts) return owner
        return refusal(
          errorCode.unreleasedInstanceId,
          `Instance ${instanceId} is member ${owner.id}, which has not left.`,
        )
      }
      if (owner === undefined) return refusal(errorCode.unknownMemberId, `Instance ${instanceId} is no member.`)
      if (owner.id !== memberId) {
        return refusal(errorCode.fencedInstanceId, `Instance ${instanceId} is member ${owner.id} by now.`)
      }
    }
    const known = this.#roster.get(memberId)
    if (known === undefined) {
      return isJoining ? undefined : refusal(errorCode.unknownMemberId, `${memberId} is no member of ${this.id}.`)
    }
    return this.#roster.checkEpoch(known, memberEpoch, reportedBy(request)) ?? known
  }

  /** Keeps what a heartbeat says about its member, and raises the epoch where that changes what is to be shared out. */
  #update(known: ConsumerMember | undefined, request: ConsumerHeartbeat): ConsumerMember {
    const { memberId: id, instanceId, rackId, rebalanceTimeoutMs, subscribedTopicNames, clientId, clientHost } = request
    const member: ConsumerMember = {
      id,
      instanceId: instanceId ?? known?.instanceId ?? null,
      rackId: rackId ?? known?.rackId ?? null,
      clientId,
      clientHost,
      rebalanceTimeoutMs: rebalanceTimeoutMs === -1 ? (known?.rebalanceTimeoutMs ?? 0) : rebalanceTimeoutMs,
      subscribedTopicNames: [...new Set(subscribedTopicNames ?? known?.subscribedTopicNames)].sort(),
      serverAssignor: request.serverAssignor ?? known?.serverAssignor ?? null,
      held: known?.held ?? { state: 'stable', epoch: memberJoins, assigned: new Map(), revoking: new Map() },
      previousEpoch: known?.previousEpoch ?? memberJoins,
    }
    if (known !== undefined && known.id !== id) this.#succeed(known, member)
    this.#roster.set(member)
    const isSame = known?.subscribedTopicNames.join() === member.subscribedTopicNames.join()
    if (!isSame || this.#subscribed !== this.#describeSubscribed()) this.#raiseEpoch()
    return member
  }

  /** Gives the place of a static member to its next life, which joins. */
  #succeed(former: ConsumerMember, member: ConsumerMember): void {
    const target = new Map(this.#target).set(member.id, this.targetOf(former.id))
    target.delete(former.id)
    this.#target = target
    this.#roster.remove(former.id)
    member.held = { ...member.held, epoch: memberJoins }
    member.previousEpoch = memberJoins
  }

  /** What a member is to have of the topics that it subscribes to now. */
  #subscribedOf({ id, subscribedTopicNames }: ConsumerMember): ReadonlySet<Unit> {
    const isSubscribed = (unit: Unit) => {
      const topic = this.#options.topics.getById(ownerIdOf(unit))
      return topic !== undefined && subscribedTopicNames.includes(topic.name)
    }
    return new Set([...this.targetOf(id)].filter(isSubscribed))
  }

  #leave({ memberId, memberEpoch, instanceId }: ConsumerHeartbeat): ConsumerHeartbeatAnswer | Refusal {
    const member = instanceId === null ? this.#roster.get(memberId) : this.#roster.ofInstance(instanceId)
    if (member === undefined) return refusal(errorCode.unknownMemberId, `${memberId} is no member of ${this.id}.`)
    if (member.id !== memberId) {
      return refusal(errorCode.fencedInstanceId, `Instance ${instanceId} is member ${member.id} by now.`)
    }
    if (memberEpoch === memberRestarts) {
      this.#roster.restart(member)
    } else {
      this.#roster.remove(member.id)
      this.#raiseEpoch()
    }
    return { memberId, memberEpoch, heartbeatIntervalMs: 0, assignment: null }
  }

  #raiseEpoch(): void {
    this.#epoch += 1
    this.#subscribed = this.#describeSubscribed()
  }

  /** The subscribed topics that exist, with all that a target depends on. */
  #describeSubscribed(): string {
    return Array.from(this.#partitionCounts(), ([topicId, count]) => `${topicId} ${count}`).join()
  }

  #partitionCounts(): Map<string, number> {
    const topics = [...this.subscribedTopics()].sort().flatMap((name) => this.#options.topics.get(name) ?? [])
    return new Map(topics.map(({ id, partitions }) => [id, partitions.length]))
  }

  #isAssignmentDue(): boolean {
    const { clock, config } = this.#options
    const intervalMs = config.number(this.id, 'consumer.assignment.interval.ms')
    return this.#epoch > this.#assignmentEpoch && clock.monotonicMs() >= this.#assignedAtMs + intervalMs
  }

  #assign(): void {
    const { clock, topics } = this.#options
    const sharing: Sharing = {
      members: this.members.map(({ id, subscribedTopicNames }) => ({
        id,
        topicIds: new Set(subscribedTopicNames.flatMap((name) => topics.get(name)?.id ?? [])),
        units: this.targetOf(id),
      })),
      partitionCounts: this.#partitionCounts(),
    }
    this.#target = assignors.get(this.assignorName)!(sharing)
    this.#assignmentEpoch = this.#epoch
    this.#assignedAtMs = clock.monotonicMs()
  }

  #answer({ id, held }: ConsumerMember, isTold: boolean): ConsumerHeartbeatAnswer {
    const told = () =>
      listsOf(held.assigned.keys()).map(({ of: topicId, numbers }) => ({ topicId, partitions: numbers }))
    return {
      memberId: id,
      memberEpoch: held.epoch,
      heartbeatIntervalMs: this.#options.config.number(this.id, 'consumer.heartbeat.interval.ms'),
      assignment: isTold ? { topicPartitions: told() } : null,
    }
  }
}

function reportedBy({ topicPartitions }: ConsumerHeartbeat): Set<Unit> | undefined {
  return topicPartitions === null
    ? undefined
    : unitsOf(topicPartitions.map(({ topicId, partitions }) => ({ of: topicId, numbers: partitions })))
}

function refusal(error: ErrorCode, message: string): Refusal {
  return { error, message }
}
