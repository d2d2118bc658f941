import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import { type ErrorCode, errorCode } from '../../protocol/index.ts'
import type { Refusal, Topics } from '../topics.ts'
import { newUuid } from '../uuid.ts'
import { ClassicGroup } from './classic/classic-group.ts'
import { type JoinAnswer, type JoinRequest, refuseJoin } from './classic/classic-messages.ts'
import { ConsumerGroup } from './consumer/consumer-group.ts'
import type { ConsumerHeartbeat, ConsumerHeartbeatAnswer } from './consumer/consumer-member.ts'
import { faultOfHeartbeat } from './consumer/heartbeat-check.ts'
import { memberJoins } from './epochs/epoch-member.ts'
import type { Commit, Group } from './group.ts'
import type { GroupConfig } from './group-config.ts'
import { GroupOffsets } from './group-offsets.ts'
import { faultOfStreamsHeartbeat } from './streams/heartbeat-check.ts'
import { StreamsGroup, type StreamsOutcome } from './streams/streams-group.ts'
import type { StreamsHeartbeat } from './streams/streams-member.ts'

/** As `group.min.session.timeout.ms` and `group.max.session.timeout.ms`. */
const sessionTimeoutMsMin = 6_000
const sessionTimeoutMsMax = 1_800_000
// Idle groups beyond this many are forgotten, as Kafka forgets them after a week.
const groupsMax = 10_000

type AnyGroup = ClassicGroup | ConsumerGroup | StreamsGroup

interface GroupsOptions {
  readonly clock: Clock
  readonly random: Random
  readonly topics: Topics
  readonly config: GroupConfig
}

/**
 * The group coordinator: the groups by their id. A classic group without members becomes one of another protocol when
 * somebody joins it by that, and the other way round; its offsets stay.
 */
export class Groups {
  readonly #options: GroupsOptions
  readonly #groups = new Map<string, AnyGroup>()

  constructor(options: GroupsOptions) {
    this.#options = options
  }

  get(id: string): AnyGroup | undefined {
    return this.#groups.get(id)
  }

  /** The group whose members speak the classic protocol, or which nobody has joined yet. */
  classic(id: string): ClassicGroup | undefined {
    const group = this.#groups.get(id)
    return group?.type === 'classic' ? group : undefined
  }

  all(): Iterable<Group> {
    return this.#groups.values()
  }

  /** The offsets of a group, which comes to be by being sent some. */
  offsetsOf(id: string): GroupOffsets {
    return (this.#groups.get(id) ?? this.#add(this.#newClassic(id, new GroupOffsets()))).offsets
  }

  join(groupId: string, request: JoinRequest): Promise<JoinAnswer> {
    const { memberId, sessionTimeoutMs } = request
    if (groupId === '') return refuseJoin(memberId, errorCode.invalidGroupId)
    if (sessionTimeoutMs < sessionTimeoutMsMin || sessionTimeoutMs > sessionTimeoutMsMax) {
      return refuseJoin(memberId, errorCode.invalidSessionTimeout)
    }
    const known = this.#groups.get(groupId)
    if (known?.type === 'classic') return known.join(request)
    if (known?.isEmpty === false) return refuseJoin(memberId, errorCode.inconsistentGroupProtocol)
    // A member that comes with an id was in a group that is gone.
    if (memberId !== '') return refuseJoin(memberId, errorCode.unknownMemberId)
    const group = this.#newClassic(groupId, known?.offsets ?? new GroupOffsets())
    this.#add(group)
    return group.join(request)
  }

  /** Takes the heartbeat of a member of a consumer group; the first one makes the group. */
  heartbeatOfConsumer(heartbeat: ConsumerHeartbeat, version: number): ConsumerHeartbeatAnswer | Refusal {
    const fault = faultOfHeartbeat(heartbeat, version)
    if (fault !== undefined) return fault
    const { groupId, memberEpoch, memberId } = heartbeat
    const known = this.#groups.get(groupId)
    const named = { ...heartbeat, memberId: memberId === '' ? newUuid(this.#options.random) : memberId }
    if (known?.type === 'consumer') return known.heartbeat(named)
    if (memberEpoch !== memberJoins || !mayTakeOver(known)) {
      return { error: errorCode.groupIdNotFound, message: `Group ${groupId} is not a consumer group.` }
    }
    const group = new ConsumerGroup(groupId, known?.offsets ?? new GroupOffsets(), this.#options)
    this.#add(group)
    return group.heartbeat(named)
  }

  /** Takes the heartbeat of a member of a streams group; the first one makes the group, where it is right. */
  heartbeatOfStreams(heartbeat: StreamsHeartbeat): StreamsOutcome | Refusal {
    const fault = faultOfStreamsHeartbeat(heartbeat)
    if (fault !== undefined) return fault
    const { groupId, memberEpoch } = heartbeat
    const known = this.#groups.get(groupId)
    if (known?.type === 'streams') return known.heartbeat(heartbeat)
    if (memberEpoch !== memberJoins || !mayTakeOver(known)) {
      return { error: errorCode.groupIdNotFound, message: `Group ${groupId} is not a streams group.` }
    }
    const group = new StreamsGroup(groupId, known?.offsets ?? new GroupOffsets(), this.#options)
    const outcome = group.heartbeat(heartbeat)
    if (!('error' in outcome)) this.#add(group)
    return outcome
  }

  /**
   * Says whether someone may commit offsets to a group; who needs no membership may commit to a group that is not
   * there.
   */
  checkCommit(groupId: string, commit: Commit): ErrorCode {
    const group = this.#groups.get(groupId)
    if (group !== undefined) return group.checkCommit(commit)
    return commit.generationIdOrMemberEpoch < 0 ? errorCode.none : errorCode.illegalGeneration
  }

  /** Forgets a group that has no members, with its offsets. */
  delete(groupId: string): ErrorCode {
    const group = this.#groups.get(groupId)
    if (group === undefined) return errorCode.groupIdNotFound
    if (!group.isEmpty) return errorCode.nonEmptyGroup
    this.#forget(group)
    return errorCode.none
  }

  /** Forgets what all groups committed to a topic that is gone. */
  deleteTopic(topic: string): void {
    for (const group of this.#groups.values()) group.offsets.deleteTopic(topic)
  }

  #newClassic(id: string, offsets: GroupOffsets): ClassicGroup {
    const { clock, random } = this.#options
    return new ClassicGroup(id, offsets, { clock, newMemberId: (prefix) => `${prefix}-${newUuid(random)}` })
  }

  /** Takes a group in, in place of one of another protocol that has the same id. */
  #add<G extends AnyGroup>(group: G): G {
    this.#groups.get(group.id)?.close()
    if (this.#groups.size >= groupsMax) this.#forgetIdle()
    this.#groups.set(group.id, group)
    return group
  }

  #forgetIdle(): void {
    const idle = [...this.#groups.values()].find(({ isEmpty }) => isEmpty)
    if (idle !== undefined) this.#forget(idle)
  }

  #forget(group: Group): void {
    group.close()
    this.#groups.delete(group.id)
  }
}

/** Whether a group of another protocol may take the place of this one. */
function mayTakeOver(known: AnyGroup | undefined): boolean {
  return known === undefined || (known.type === 'classic' && known.isEmpty)
}
