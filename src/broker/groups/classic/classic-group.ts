import type { Clock, Timer } from '../../../core/clock.ts'
import { type ErrorCode, errorCode } from '../../../protocol/index.ts'
import { subscribedTopicsOf } from './consumer-subscription.ts'
import { electProtocol, type ClassicMember, hasSameProtocols, offers } from './classic-member.ts'
import {
  emptyJoinAnswer,
  emptySyncAnswer,
  type GroupProtocol,
  type JoinAnswer,
  type JoinRequest,
  type MemberIdentity,
  noAssignment,
  refuseJoin,
  type SyncAnswer,
  type SyncRequest,
} from './classic-messages.ts'
import { ClassicRoster } from './classic-roster.ts'
import type { Commit, Group } from '../group.ts'
import type { GroupOffsets } from '../group-offsets.ts'

type ClassicGroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

/** How long a new member may wait in JoinGroup for the others, whatever its session timeout. */
const newMemberJoinMs = 300_000

/** The protocol type of Kafka's own consumers. */
const consumerType = 'consumer'

interface ClassicGroupOptions {
  readonly clock: Clock
  /** Makes an id that begins with a prefix. */
  readonly newMemberId: (prefix: string) => string
}

/**
 * A consumer group under the classic protocol. Members join, all of them or those that come in time; one of them, the
 * leader, shares out the work; each syncs to learn its share. Any change of membership begins that anew.
 *
 * @see Kafka's GroupMetadataManager, whose rules these are; KIP-62, KIP-345 (static members), KIP-394 (known member
 * ids)
 */
export class ClassicGroup implements Group {
  readonly id: string
  readonly type = 'classic'
  readonly offsets: GroupOffsets
  readonly #clock: Clock
  readonly #newMemberId: (prefix: string) => string
  readonly #roster: ClassicRoster
  readonly #unsynced = new Set<string>()
  #state: ClassicGroupState = 'Empty'
  #generationId = 0
  #protocolType: string | null = null
  #protocolName: string | null = null
  #joinDeadline: Timer | undefined
  #syncDeadline: Timer | undefined

  constructor(id: string, offsets: GroupOffsets, { clock, newMemberId }: ClassicGroupOptions) {
    this.id = id
    this.offsets = offsets
    this.#clock = clock
    this.#newMemberId = newMemberId
    this.#roster = new ClassicRoster({
      clock,
      onSilent: (member) => {
        this.#remove(member)
        this.#membersChanged()
      },
      onStayedAway: () => this.#completeJoinIfAllCame(),
    })
  }

  get state(): ClassicGroupState {
    return this.#state
  }

  get isEmpty(): boolean {
    return this.#state === 'Empty'
  }

  get protocolType(): string | null {
    return this.#protocolType
  }

  get protocolName(): string | null {
    return this.#protocolName
  }

  get members(): ClassicMember[] {
    return this.#roster.all()
  }

  subscribedTopics(): Set<string> | undefined {
    if (this.#roster.size > 0 && this.#protocolType !== consumerType) return undefined
    const chosen = (member: ClassicMember) => member.protocols.find(({ name }) => name === this.#protocolName)
    const metadata = this.members.flatMap((member) => chosen(member)?.metadata ?? [])
    return new Set(metadata.flatMap((bytes) => subscribedTopicsOf(bytes) ?? []))
  }

  join(request: JoinRequest): Promise<JoinAnswer> {
    const { memberId, groupInstanceId } = request
    const isKnown = this.#roster.get(memberId) !== undefined || this.#roster.isPending(memberId)
    if (this.#roster.isFull && !isKnown) return refuseJoin('', errorCode.groupMaxSizeReached)
    if (!this.#supports(request)) return refuseJoin(memberId, errorCode.inconsistentGroupProtocol)
    if (memberId === '') return this.#joinNew(request)
    if (this.#roster.isPending(memberId)) {
      this.#roster.dropPending(memberId)
      return this.#add(memberId, request)
    }
    const error = this.#roster.check({ memberId, groupInstanceId })
    if (error !== errorCode.none) return refuseJoin(memberId, error)
    return this.#joinAgain(this.#roster.get(memberId)!, request)
  }

  sync(request: SyncRequest): SyncAnswer | Promise<SyncAnswer> {
    const error = this.#checkSync(request)
    if (error !== errorCode.none) return emptySyncAnswer(error)
    const member = this.#roster.get(request.memberId)!
    switch (this.#state) {
      case 'PreparingRebalance':
        return emptySyncAnswer(errorCode.rebalanceInProgress)
      case 'Stable':
        this.#synced(member.id)
        return this.#assignmentOf(member)
      case 'CompletingRebalance': {
        this.#synced(member.id)
        const synced = new Promise<SyncAnswer>((resolve) => (member.sync = resolve))
        if (member.id === this.#roster.leaderId) this.#assign(request.assignments)
        return synced
      }
      case 'Empty':
        return emptySyncAnswer(errorCode.unknownMemberId)
    }
  }

  heartbeat(identity: MemberIdentity, generationId: number): ErrorCode {
    const error = this.#roster.check(identity)
    if (error !== errorCode.none) return error
    if (generationId !== this.#generationId) return errorCode.illegalGeneration
    this.#roster.keepAlive(this.#roster.get(identity.memberId)!)
    return this.#state === 'PreparingRebalance' ? errorCode.rebalanceInProgress : errorCode.none
  }

  /** Lets members go, by their id or, static ones, by their instance id alone. */
  leave(identities: readonly MemberIdentity[]): ErrorCode[] {
    const errors = identities.map((identity) => this.#leave(identity))
    if (errors.includes(errorCode.none)) this.#membersChanged()
    return errors
  }

  checkCommit({ generationIdOrMemberEpoch: generationId, isTransactional, ...identity }: Commit): ErrorCode {
    if (generationId < 0 && this.#state === 'Empty') return errorCode.none
    if (generationId >= 0 || identity.memberId !== '' || identity.groupInstanceId !== null) {
      const error = this.#roster.check(identity)
      if (error !== errorCode.none) return error
      if (generationId !== this.#generationId) return errorCode.illegalGeneration
    } else if (!isTransactional) {
      return errorCode.unknownMemberId
    }
    if (isTransactional || this.#state !== 'CompletingRebalance') {
      // A commit shows that its member is alive.
      const member = this.#roster.get(identity.memberId)
      if (member !== undefined) this.#roster.keepAlive(member)
      return errorCode.none
    }
    return errorCode.rebalanceInProgress
  }

  checkFetch(): ErrorCode {
    return errorCode.none
  }

  close(): void {
    this.#joinDeadline?.cancel()
    this.#syncDeadline?.cancel()
    this.#roster.close()
  }

  #supports({ protocolType, protocols }: JoinRequest): boolean {
    if (protocolType === '' || protocols.length === 0) return false
    if (this.#roster.size === 0) return true
    const members = this.members
    const isShared = ({ name }: GroupProtocol) => members.every((member) => offers(member, name))
    return protocolType === this.#protocolType && protocols.some(isShared)
  }

  #checkSync(request: SyncRequest): ErrorCode {
    const error = this.#roster.check(request)
    if (error !== errorCode.none) return error
    if (request.generationId !== this.#generationId) return errorCode.illegalGeneration
    const isTypeSame = request.protocolType === null || request.protocolType === this.#protocolType
    const isNameSame = request.protocolName === null || request.protocolName === this.#protocolName
    return isTypeSame && isNameSame ? errorCode.none : errorCode.inconsistentGroupProtocol
  }

  #joinNew(request: JoinRequest): Promise<JoinAnswer> {
    const { clientId, groupInstanceId, sessionTimeoutMs, needsKnownMemberId } = request
    const memberId = this.#newMemberId(groupInstanceId ?? clientId)
    if (groupInstanceId !== null) {
      const former = this.#roster.ofInstance(groupInstanceId)
      return former === undefined ? this.#add(memberId, request) : this.#replaceStatic(former, memberId, request)
    }
    if (!needsKnownMemberId) return this.#add(memberId, request)
    this.#roster.await(memberId, sessionTimeoutMs)
    return refuseJoin(memberId, errorCode.memberIdRequired)
  }

  #joinAgain(member: ClassicMember, request: JoinRequest): Promise<JoinAnswer> {
    const isUnchanged = hasSameProtocols(member, request.protocols)
    const isLeader = member.id === this.#roster.leaderId
    if (this.#state === 'CompletingRebalance' && isUnchanged) return Promise.resolve(this.#joinAnswer(member))
    // A leader that joins a stable group wants to share out the work anew.
    if (this.#state === 'Stable' && isUnchanged && !isLeader) return Promise.resolve(this.#joinAnswer(member))
    const joined = this.#update(member, request)
    this.#rebalance()
    return joined
  }

  #add(memberId: string, request: JoinRequest): Promise<JoinAnswer> {
    const { groupInstanceId: instanceId, clientId, clientHost, protocols } = request
    const member: ClassicMember = {
      id: memberId,
      instanceId,
      clientId,
      clientHost,
      sessionTimeoutMs: request.sessionTimeoutMs,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs,
      protocols,
      assignment: noAssignment,
      isNew: true,
      join: undefined,
      sync: undefined,
      session: undefined,
    }
    if (this.#roster.size === 0) this.#protocolType = request.protocolType
    this.#roster.add(member)
    const joined = new Promise<JoinAnswer>((resolve) => (member.join = resolve))
    this.#roster.keepAlive(member, newMemberJoinMs)
    this.#rebalance()
    return joined
  }

  /** Gives the place of a static member to its next life, without a rebalance where that changes nothing. */
  #replaceStatic(member: ClassicMember, newId: string, request: JoinRequest): Promise<JoinAnswer> {
    const { id: oldId } = member
    const formerLeader = this.#roster.leaderId!
    this.#answerJoin(member, { ...emptyJoinAnswer, error: errorCode.fencedInstanceId, memberId: oldId })
    this.#answerSync(member, emptySyncAnswer(errorCode.fencedInstanceId))
    this.#roster.rename(member, newId)
    this.#roster.keepAlive(member)

    const joined = this.#update(member, request)
    if (this.#state === 'Stable' && electProtocol(this.members) === this.#protocolName) {
      const answer = this.#joinAnswer(member)
      const isLeader = newId === this.#roster.leaderId
      const known = request.canSkipAssignment
        ? { ...answer, skipAssignment: isLeader }
        : // Told the name of the leader before it, it takes itself for a follower and assigns nothing.
          { ...answer, leader: formerLeader, members: [] }
      this.#answerJoin(member, known)
    } else {
      this.#rebalance()
    }
    return joined
  }

  #update(member: ClassicMember, request: JoinRequest): Promise<JoinAnswer> {
    member.protocols = request.protocols
    member.sessionTimeoutMs = request.sessionTimeoutMs
    member.rebalanceTimeoutMs = request.rebalanceTimeoutMs
    // A JoinGroup sent again takes the place of the one before.
    this.#answerJoin(member, { ...emptyJoinAnswer, error: errorCode.unknownMemberId, memberId: member.id })
    return new Promise((resolve) => (member.join = resolve))
  }

  #leave({ memberId, groupInstanceId }: MemberIdentity): ErrorCode {
    if (memberId === '') {
      const member = groupInstanceId === null ? undefined : this.#roster.ofInstance(groupInstanceId)
      if (member === undefined) return errorCode.unknownMemberId
      this.#remove(member)
      return errorCode.none
    }
    if (this.#roster.isPending(memberId)) {
      this.#roster.dropPending(memberId)
      return errorCode.none
    }
    const error = this.#roster.check({ memberId, groupInstanceId })
    if (error === errorCode.none) this.#remove(this.#roster.get(memberId)!)
    return error
  }

  /** Begins a rebalance, or goes on with the one that is under way. */
  #rebalance(): void {
    if (this.#state === 'PreparingRebalance') return this.#completeJoinIfAllCame()
    if (this.#state === 'CompletingRebalance') {
      for (const member of this.members) {
        member.assignment = noAssignment
        this.#answerSync(member, emptySyncAnswer(errorCode.rebalanceInProgress))
      }
    }
    this.#unsynced.clear()
    this.#syncDeadline?.cancel()
    const isInitial = this.#state === 'Empty'
    this.#state = 'PreparingRebalance'
    if (!isInitial && this.#haveAllJoined()) return this.#completeJoin()
    // Members that start together find themselves in one generation when the first waits for a moment.
    this.#waitForJoins(isInitial ? 0 : this.#rebalanceTimeoutMs())
  }

  #membersChanged(): void {
    if (this.#state === 'Stable' || this.#state === 'CompletingRebalance') this.#rebalance()
    else this.#completeJoinIfAllCame()
  }

  #completeJoinIfAllCame(): void {
    if (this.#state === 'PreparingRebalance' && this.#haveAllJoined()) this.#completeJoin()
  }

  #haveAllJoined(): boolean {
    return !this.#roster.hasPending && this.members.every(({ join }) => join !== undefined)
  }

  #waitForJoins(afterMs: number): void {
    this.#joinDeadline?.cancel()
    this.#joinDeadline = this.#clock.setTimer({ afterMs, background: true }, () => this.#completeJoin())
  }

  #completeJoin(): void {
    this.#joinDeadline?.cancel()
    for (const member of this.members) {
      if (member.join === undefined && member.instanceId === null) this.#remove(member)
    }
    if (this.#roster.size === 0) return this.#becomeEmpty()
    const joined = this.members.filter(({ join }) => join !== undefined)
    // Static members keep their place while they are away, but they cannot share out the work.
    if (joined.length === 0) return this.#waitForJoins(this.#rebalanceTimeoutMs())
    if (!joined.some(({ id }) => id === this.#roster.leaderId)) this.#roster.leaderId = joined[0]!.id

    this.#generationId += 1
    this.#protocolName = electProtocol(this.members) ?? null
    this.#state = 'CompletingRebalance'
    for (const member of this.members) {
      this.#unsynced.add(member.id)
      member.isNew = false
      this.#roster.keepAlive(member)
      this.#answerJoin(member, this.#joinAnswer(member))
    }
    this.#syncDeadline = this.#clock.setTimer({ afterMs: this.#rebalanceTimeoutMs(), background: true }, () =>
      this.#dropUnsynced(),
    )
  }

  #becomeEmpty(): void {
    this.#generationId += 1
    this.#protocolName = null
    this.#state = 'Empty'
  }

  #dropUnsynced(): void {
    // A static member that has restarted meanwhile has another id.
    for (const memberId of this.#unsynced) {
      const member = this.#roster.get(memberId)
      if (member !== undefined) this.#remove(member)
    }
    this.#rebalance()
  }

  #assign(assignments: SyncRequest['assignments']): void {
    const shares = new Map(assignments.map(({ memberId, assignment }) => [memberId, assignment]))
    this.#state = 'Stable'
    for (const member of this.members) {
      member.assignment = shares.get(member.id) ?? noAssignment
      this.#answerSync(member, this.#assignmentOf(member))
    }
  }

  #synced(memberId: string): void {
    this.#unsynced.delete(memberId)
    if (this.#unsynced.size === 0) this.#syncDeadline?.cancel()
  }

  #remove(member: ClassicMember): void {
    this.#unsynced.delete(member.id)
    this.#answerJoin(member, { ...emptyJoinAnswer, error: errorCode.unknownMemberId })
    this.#answerSync(member, emptySyncAnswer(errorCode.unknownMemberId))
    this.#roster.remove(member)
  }

  #answerJoin(member: ClassicMember, answer: JoinAnswer): void {
    member.join?.(answer)
    member.join = undefined
  }

  #answerSync(member: ClassicMember, answer: SyncAnswer): void {
    if (member.sync !== undefined) this.#roster.keepAlive(member)
    member.sync?.(answer)
    member.sync = undefined
  }

  #joinAnswer(member: ClassicMember): JoinAnswer {
    const protocolName = this.#protocolName
    const metadataOf = ({ protocols }: ClassicMember) => protocols.find(({ name }) => name === protocolName)!.metadata
    const isLeader = member.id === this.#roster.leaderId
    return {
      error: errorCode.none,
      memberId: member.id,
      generationId: this.#generationId,
      protocolType: this.#protocolType,
      protocolName,
      leader: this.#roster.leaderId!,
      skipAssignment: false,
      members: isLeader
        ? this.members.map((m) => ({ memberId: m.id, groupInstanceId: m.instanceId, metadata: metadataOf(m) }))
        : [],
    }
  }

  #assignmentOf({ assignment }: ClassicMember): SyncAnswer {
    return { error: errorCode.none, protocolType: this.#protocolType, protocolName: this.#protocolName, assignment }
  }

  #rebalanceTimeoutMs(): number {
    return Math.max(0, ...this.members.map((member) => member.rebalanceTimeoutMs))
  }
}
