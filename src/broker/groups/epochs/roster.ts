import { assert } from '../../../core/assert.ts'
import type { Clock, Timer } from '../../../core/clock.ts'
import { type ErrorCode, errorCode } from '../../../protocol/index.ts'
import type { Refusal } from '../../topics.ts'
import type { Commit } from '../group.ts'
import { type EpochMember, memberJoins, memberRestarts } from './epoch-member.ts'
import type { Held } from './reconciliation.ts'
import type { Unit } from './unit.ts'

/** Since this version OffsetCommit has room for the errors that members with epochs have to tell apart. */
const commitsSinceVersion = 9

interface RosterOptions {
  readonly clock: Clock
  sessionTimeoutMs(): number
  /** Called after a member has been removed because it was silent, or gave nothing up, for too long. */
  onExpired(): void
}

/**
 * The members of a group whose broker shares out the work, with their epochs and for how long they may be silent.
 *
 * @see KIP-848, KIP-1071
 */
export class Roster<M extends EpochMember> {
  readonly #options: RosterOptions
  readonly #members = new Map<string, M>()
  readonly #staticIds = new Map<string, string>()
  readonly #sessions = new Map<string, Timer>()
  readonly #revocations = new Map<string, Timer>()

  constructor(options: RosterOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#members.size
  }

  all(): M[] {
    return [...this.#members.values()]
  }

  get(id: string): M | undefined {
    return this.#members.get(id)
  }

  ofInstance(instanceId: string): M | undefined {
    const id = this.#staticIds.get(instanceId)
    return id === undefined ? undefined : this.#members.get(id)
  }

  /** Takes a member in, or its new self in place of the old one. */
  set(member: M): void {
    this.#members.set(member.id, member)
    if (member.instanceId !== null) this.#staticIds.set(member.instanceId, member.id)
  }

  remove(id: string): void {
    const member = this.#members.get(id)
    assert(member !== undefined, 'a member leaves once')
    this.#members.delete(id)
    this.#sessions.get(id)?.cancel()
    this.#sessions.delete(id)
    this.#forgetRevocation(id)
    if (member.instanceId !== null && this.#staticIds.get(member.instanceId) === id) {
      this.#staticIds.delete(member.instanceId)
    }
  }

  /** Whether anyone but a member has a unit, or still has to give it up. */
  isHeldByOthers(unit: Unit, than: M): boolean {
    return this.all().some(({ id, held }) => id !== than.id && (held.assigned.has(unit) || held.revoking.has(unit)))
  }

  /**
   * Says why a member may not name an epoch. It may name the one before where it reports no more than it is to have: the
   * answer with the new one may have been lost.
   */
  checkEpoch(member: M, epoch: number, reported: ReadonlySet<Unit> | undefined): Refusal | undefined {
    const { held, previousEpoch } = member
    // Who joins anew has given up all that it had.
    if (epoch === held.epoch || epoch === memberJoins) return undefined
    const isBehind = epoch === previousEpoch && reported?.isSubsetOf(held.assigned) === true
    if (isBehind) return undefined
    const known = `epoch ${epoch} of member ${member.id} is not its epoch ${held.epoch}`
    return {
      error: errorCode.fencedMemberEpoch,
      message: `The ${known}; it has to give up all it has, and join again.`,
    }
  }

  /**
   * Says whether offsets may be committed: by a member with its present epoch, or with an older one by which it already
   * had all that the offsets are of (KIP-1251).
   */
  checkCommit(commit: Commit): ErrorCode {
    const { memberId, groupInstanceId, generationIdOrMemberEpoch: epoch, isTransactional, units, version } = commit
    if (epoch < 0 && this.size === 0) return errorCode.none
    const isAnonymous = epoch === -1 && memberId === '' && groupInstanceId === null
    if (isTransactional && isAnonymous) return errorCode.none
    const held = this.#members.get(memberId)?.held
    if (held === undefined) return errorCode.unknownMemberId
    if (!isTransactional && version < commitsSinceVersion) return errorCode.unsupportedVersion
    const sinceOf = (unit: Unit) => held.assigned.get(unit) ?? held.revoking.get(unit) ?? Infinity
    const isOlder = epoch < held.epoch && units.every((unit) => epoch >= sinceOf(unit))
    if (isOlder || epoch === held.epoch) return errorCode.none
    return isTransactional ? errorCode.illegalGeneration : errorCode.staleMemberEpoch
  }

  /** Says whether a member may be told offsets; one that does not say who it is may. */
  checkFetch(memberId: string | null, memberEpoch: number): ErrorCode {
    if (memberId === null && memberEpoch < 0) return errorCode.none
    const member = this.#members.get(memberId ?? '')
    if (member === undefined) return errorCode.unknownMemberId
    return memberEpoch === member.held.epoch ? errorCode.none : errorCode.staleMemberEpoch
  }

  /** Keeps what a member holds from now on, and how long it may take to give up what it has to. */
  settle(member: M, held: Held): void {
    const isNew = held !== member.held
    if (isNew) member.previousEpoch = member.held.epoch
    member.held = held
    if (held.state !== 'unrevoked') return this.#forgetRevocation(member.id)
    if (!isNew && this.#revocations.has(member.id)) return
    this.#forgetRevocation(member.id)
    const timer = this.#options.clock.setTimer({ afterMs: member.rebalanceTimeoutMs, background: true }, () =>
      this.#expire(member.id),
    )
    this.#revocations.set(member.id, timer)
  }

  /** Begins the session of a member anew. */
  keepAlive({ id }: M): void {
    this.#sessions.get(id)?.cancel()
    const afterMs = this.#options.sessionTimeoutMs()
    const session = this.#options.clock.setTimer({ afterMs, background: true }, () => this.#expire(id))
    this.#sessions.set(id, session)
  }

  /** Lets a static member go for a restart: it keeps what it has for its session. */
  restart(member: M): void {
    member.previousEpoch = member.held.epoch
    const assigned = new Map(Array.from(member.held.assigned.keys(), (unit) => [unit, memberJoins] as const))
    member.held = { ...member.held, epoch: memberRestarts, assigned, revoking: new Map() }
    this.#forgetRevocation(member.id)
  }

  close(): void {
    for (const timer of [...this.#sessions.values(), ...this.#revocations.values()]) timer.cancel()
  }

  #forgetRevocation(id: string): void {
    this.#revocations.get(id)?.cancel()
    this.#revocations.delete(id)
  }

  #expire(id: string): void {
    this.remove(id)
    this.#options.onExpired()
  }
}
