import { assert } from '../../../core/assert.ts'
import type { Clock, Timer } from '../../../core/clock.ts'
import { errorCode } from '../../../protocol/index.ts'
import type { Refusal } from '../../topics.ts'
import { type EpochMember, memberJoins, memberRestarts } from './epoch-member.ts'
import type { Held } from './reconciliation.ts'
import type { Unit } from './unit.ts'

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
    if (epoch === held.epoch) return undefined
    const isBehind = epoch === previousEpoch && reported?.isSubsetOf(held.assigned) === true
    if (isBehind) return undefined
    const known = `epoch ${epoch} of member ${member.id} is not its epoch ${held.epoch}`
    return {
      error: errorCode.fencedMemberEpoch,
      message: `The ${known}; it has to give up all it has, and join again.`,
    }
  }

  /**
   * Whether a member may commit offsets of units by an epoch: its present one, or an older one by which it already had
   * all of them (KIP-1251).
   */
  mayCommit({ held }: M, epoch: number, units: readonly Unit[]): boolean {
    if (epoch >= held.epoch) return epoch === held.epoch
    return units.every((unit) => epoch >= (held.assigned.get(unit) ?? held.revoking.get(unit) ?? Infinity))
  }

  /** Keeps what a member holds from now on, and how long it may take to give up what it has to. */
  settle(member: M, held: Held): void {
    if (held.epoch !== member.held.epoch) member.previousEpoch = member.held.epoch
    const isNew = held !== member.held
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
