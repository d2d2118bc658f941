import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import { type ErrorCode, errorCode } from '../protocol/index.ts'
import { type JoinAnswer, type JoinRequest, type MemberIdentity, refuseJoin } from './group-messages.ts'
import { Group } from './group.ts'
import { newUuid } from './uuid.ts'

/** As `group.min.session.timeout.ms` and `group.max.session.timeout.ms`. */
const sessionTimeoutMsMin = 6_000
const sessionTimeoutMsMax = 1_800_000
// Idle groups beyond this many are forgotten, as Kafka forgets them after a week.
const groupsMax = 10_000

/** The group coordinator: the groups by their id. */
export class Groups {
  readonly #clock: Clock
  readonly #random: Random
  readonly #groups = new Map<string, Group>()

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  get(id: string): Group | undefined {
    return this.#groups.get(id)
  }

  all(): Iterable<Group> {
    return this.#groups.values()
  }

  getOrCreate(id: string): Group {
    const known = this.#groups.get(id)
    if (known !== undefined) return known
    if (this.#groups.size >= groupsMax) this.#forgetIdle()
    const group = new Group(id, this.#clock, (prefix) => `${prefix}-${newUuid(this.#random)}`)
    this.#groups.set(id, group)
    return group
  }

  join(groupId: string, request: JoinRequest): Promise<JoinAnswer> {
    const { memberId, sessionTimeoutMs } = request
    if (groupId === '') return refuseJoin(memberId, errorCode.invalidGroupId)
    if (sessionTimeoutMs < sessionTimeoutMsMin || sessionTimeoutMs > sessionTimeoutMsMax) {
      return refuseJoin(memberId, errorCode.invalidSessionTimeout)
    }
    // A member that comes with an id was in a group that is gone.
    if (memberId !== '' && !this.#groups.has(groupId)) return refuseJoin(memberId, errorCode.unknownMemberId)
    return this.getOrCreate(groupId).join(request)
  }

  /**
   * Says whether someone may commit offsets to a group; who needs no membership may commit to a group that is not
   * there.
   */
  checkCommit(groupId: string, identity: MemberIdentity, generationId: number, isTransactional: boolean): ErrorCode {
    const group = this.#groups.get(groupId)
    if (group !== undefined) return group.checkCommit(identity, generationId, isTransactional)
    return generationId < 0 ? errorCode.none : errorCode.illegalGeneration
  }

  /** Forgets a group that has no members, with its offsets. */
  delete(groupId: string): ErrorCode {
    const group = this.#groups.get(groupId)
    if (group === undefined) return errorCode.groupIdNotFound
    if (group.state !== 'Empty') return errorCode.nonEmptyGroup
    this.#forget(group)
    return errorCode.none
  }

  /** Forgets what all groups committed to a topic that is gone. */
  deleteTopic(topic: string): void {
    for (const group of this.#groups.values()) group.offsets.deleteTopic(topic)
  }

  #forgetIdle(): void {
    const idle = [...this.#groups.values()].find(({ state }) => state === 'Empty')
    if (idle !== undefined) this.#forget(idle)
  }

  #forget(group: Group): void {
    group.close()
    this.#groups.delete(group.id)
  }
}
