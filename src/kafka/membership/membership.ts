import type { GroupMember } from './group-member.ts'
import { type MembershipMessage, MembershipThread } from './membership-thread.ts'
import type { MembershipOptions } from './membership-options.ts'
import { ownershipLost } from './ownership-lost.ts'
import { currentProcess } from './process-identity.ts'

/**
 * This process among those of one application, of which one is active, the owner of a partition, while the others stand
 * by. All that is said to Kafka for it is said by a thread of its own.
 *
 * - The owner stays the owner, whoever joins and leaves. It is told of no rebalance: `member` has the generation.
 * - When it leaves, or dies with a standby on its host, the one that stood by longest takes over within a heartbeat
 *   interval; when it dies alone, the same process started again does so; with other hosts left, after the session
 *   timeout.
 * - A membership that is lost is over: join again, to stand by or as the owner.
 */
export class Membership implements AsyncDisposable {
  readonly #options: MembershipOptions
  readonly #thread: MembershipThread
  #present: { member: GroupMember; isOwner: boolean } | undefined
  /** How often the worker has told the generation. */
  #toldCount = 0

  /**
   * Resolves once this process is in the group, as the owner or a standby. That takes as long as the coordinator waits
   * for members that do not answer, at most until the end of their sessions.
   *
   * @throws KafkaError `KAFKA_UNAVAILABLE`, `KAFKA_REFUSED`, and what a connection fails with.
   */
  static async join(options: MembershipOptions): Promise<Membership> {
    const membership = new Membership(options)
    await membership.#thread.joined(() => membership.#present !== undefined)
    return membership
  }

  private constructor(options: MembershipOptions) {
    const { topic, hostId } = options
    this.#options = options
    this.#thread = new MembershipThread(options, { kind: 'owner', topic }, currentProcess(hostId), (message) =>
      this.#hear(message),
    )
  }

  get isOwner(): boolean {
    return this.#thread.failure === undefined && this.#present!.isOwner
  }

  /**
   * Resolves when this process is the owner.
   *
   * @throws KafkaError why the membership has ended, and the reason of `signal`.
   */
  owned(signal?: AbortSignal): Promise<void> {
    return this.#thread.until(() => this.isOwner, signal)
  }

  /**
   * With what the owner commits offsets.
   *
   * @param stale - What the coordinator has refused: resolves with what takes its place, or with the same once the
   * coordinator has confirmed it.
   * @throws KafkaError `OWNERSHIP_LOST`
   */
  async member(stale?: GroupMember): Promise<GroupMember> {
    const { member } = this.#owner()
    if (stale?.generationId !== member.generationId || stale.memberId !== member.memberId) return member
    const toldCount = this.#toldCount
    this.#thread.tell({ kind: 'confirm' })
    await this.#thread.until(() => this.#toldCount > toldCount)
    return this.#owner().member
  }

  /**
   * Resolves once the coordinator has confirmed that this process is the owner.
   *
   * @throws KafkaError `OWNERSHIP_LOST`
   */
  async confirm(): Promise<void> {
    await this.member(this.#owner().member)
  }

  /** Leaves the group, where a standby takes over at once. Leaving twice does nothing. */
  leave(): Promise<void> {
    return this.#thread.leave()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave()
  }

  #owner(): { member: GroupMember } {
    if (this.#thread.failure !== undefined) throw this.#thread.failure
    if (!this.#present!.isOwner) throw ownershipLost(this.#options.group, 'it stands by')
    return this.#present!
  }

  #hear(message: MembershipMessage): void {
    if (message.kind === 'revoking') return void this.#revoke()
    if (message.kind !== 'generation') return
    this.#present = message
    this.#toldCount++
  }

  async #revoke(): Promise<void> {
    await this.#options.onRevoked?.()
    this.#thread.tell({ kind: 'revoked' })
  }
}
