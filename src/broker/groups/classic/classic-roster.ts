import { assert } from '../../../core/assert.ts'
import type { Clock, Timer } from '../../../core/clock.ts'
import { type ErrorCode, errorCode } from '../../../protocol/index.ts'
import type { ClassicMember } from './classic-member.ts'
import type { MemberIdentity } from './classic-messages.ts'

/** As `group.max.size`, which Kafka leaves open. */
const membersMax = 1_000

interface ClassicRosterOptions {
  readonly clock: Clock
  /** Called with a member that nothing has been heard of for its session. */
  onSilent(member: ClassicMember): void
  /** Called when a newcomer has not come back with the id that it was given. */
  onStayedAway(): void
}

/** The members of a classic group, who of them leads, and for how long they may be silent. */
export class ClassicRoster {
  readonly #options: ClassicRosterOptions
  readonly #members = new Map<string, ClassicMember>()
  readonly #staticIds = new Map<string, string>()
  /** Ids given to newcomers that have not come back with them, each with the end of its patience. */
  readonly #pendingIds = new Map<string, Timer>()
  leaderId: string | undefined

  constructor(options: ClassicRosterOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#members.size
  }

  get isFull(): boolean {
    return this.#members.size + this.#pendingIds.size >= membersMax
  }

  /** Whether newcomers are to come back. */
  get hasPending(): boolean {
    return this.#pendingIds.size > 0
  }

  all(): ClassicMember[] {
    return [...this.#members.values()]
  }

  get(id: string): ClassicMember | undefined {
    return this.#members.get(id)
  }

  ofInstance(instanceId: string): ClassicMember | undefined {
    const id = this.#staticIds.get(instanceId)
    return id === undefined ? undefined : this.#members.get(id)
  }

  isPending(id: string): boolean {
    return this.#pendingIds.has(id)
  }

  /** Waits for a newcomer to come back with the id that it is given. */
  await(id: string, afterMs: number): void {
    const timer = this.#options.clock.setTimer({ afterMs, background: true }, () => {
      this.dropPending(id)
      this.#options.onStayedAway()
    })
    this.#pendingIds.set(id, timer)
  }

  dropPending(id: string): void {
    this.#pendingIds.get(id)?.cancel()
    this.#pendingIds.delete(id)
  }

  add(member: ClassicMember): void {
    this.#members.set(member.id, member)
    this.leaderId ??= member.id
    if (member.instanceId !== null) this.#staticIds.set(member.instanceId, member.id)
  }

  /** Gives a static member another id, which leads where the one before did. */
  rename(member: ClassicMember, newId: string): void {
    this.#members.delete(member.id)
    this.#members.set(newId, member)
    this.#staticIds.set(member.instanceId!, newId)
    if (this.leaderId === member.id) this.leaderId = newId
    member.id = newId
  }

  remove(member: ClassicMember): void {
    assert(this.#members.get(member.id) === member, 'a member leaves once')
    this.#members.delete(member.id)
    if (member.instanceId !== null) this.#staticIds.delete(member.instanceId)
    if (member.id === this.leaderId) this.leaderId = this.#members.keys().next().value
    member.session?.cancel()
  }

  /** Says whether somebody is a member, and the one that an instance is now. */
  check({ memberId, groupInstanceId }: MemberIdentity): ErrorCode {
    if (groupInstanceId !== null) {
      const owner = this.#staticIds.get(groupInstanceId)
      if (owner !== undefined && owner !== memberId) return errorCode.fencedInstanceId
      if (owner === undefined) return errorCode.unknownMemberId
    }
    return this.#members.has(memberId) ? errorCode.none : errorCode.unknownMemberId
  }

  /** Begins the session of a member anew. */
  keepAlive(member: ClassicMember, afterMs = member.sessionTimeoutMs): void {
    member.session?.cancel()
    member.session = this.#options.clock.setTimer({ afterMs, background: true }, () => {
      // Who waits for the others is alive, unless it never was in a generation.
      if (!member.isNew && (member.join !== undefined || member.sync !== undefined)) return
      this.#options.onSilent(member)
    })
  }

  close(): void {
    for (const { session } of this.#members.values()) session?.cancel()
    for (const timer of this.#pendingIds.values()) timer.cancel()
  }
}
