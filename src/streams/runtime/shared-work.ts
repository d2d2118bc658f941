import { TaskMembership, type TaskMembershipOptions } from '../../kafka/index.ts'
import { CheckpointView } from '../checkpoint/checkpoint-view.ts'
import { asNobody, fence } from '../recovery/fence.ts'
import type { RecoveryRequest } from '../recovery/recover.ts'
import type { RecoveredSession } from '../recovery/session.ts'
import { seedOf, type TaskShare } from '../recovery/task-share.ts'
import { type WarmTable, warmTableOf } from '../recovery/warm-table.ts'
import { type ShareChange, TaskShares } from '../tasks/task-shares.ts'
import type { Member } from './kafka-ports.ts'
import { checkpointSink } from '../topics/program-topics.ts'
import { aborted } from './operator-system.ts'
import type { KafkaServices } from './services.ts'

export type SharedWorkOptions = Omit<TaskMembershipOptions, 'group' | 'topics'>

/** What a member works on until its tasks are others. */
export interface ShareToWorkOn extends Pick<RecoveryRequest, 'warmTable' | 'member'> {
  readonly share: TaskShare
  /** Resolves when its tasks are to be others. */
  readonly change: Promise<ShareChange>
}

/**
 * The part of a process in the work that all members of its program share, from joining to leaving: it works on the
 * tasks that the group gives to it, and anew each time these are others.
 *
 * 1. All that is under way of all its tasks is committed, and the operators stop.
 * 2. Its own transactional id is fenced: nothing of these tasks can be committed any more. The group hears which of them
 *    it has given up.
 * 3. It recovers the tasks that it has then. What its table has of those that it keeps need not be read again; the rows
 *    of those that have left are swept out.
 */
export class SharedWork {
  readonly #services: KafkaServices
  readonly #membership: TaskMembership
  readonly #shares: TaskShares
  readonly #checkpoint = new CheckpointView({ keepsTables: false })
  #warmTable: WarmTable | undefined

  /** Resolves once this process is a member. */
  static async join(services: KafkaServices, options: SharedWorkOptions): Promise<SharedWork> {
    const { plan, topics } = services
    const taskCount = topics.sinks[checkpointSink]!.partitions.length
    // Kafka gives no tasks where inputs of a group differ. Fewer partitions of other sources follow those of the widest.
    const inputs = topics.sources.filter(({ partitions }) => partitions.length === taskCount)
    const shares = new TaskShares()
    const membership = await TaskMembership.join({
      ...options,
      group: plan.name,
      topics: {
        tasks: plan.checkpointTopic,
        taskCount,
        inputs: inputs.map(({ name }) => name),
      },
    })
    membership.begin(shares)
    return new SharedWork(services, membership, shares)
  }

  private constructor(services: KafkaServices, membership: TaskMembership, shares: TaskShares) {
    this.#services = services
    this.#membership = membership
    this.#shares = shares
  }

  /** By what the other members know this one. */
  get memberId(): string {
    return this.#membership.memberId
  }

  /** As whom offsets are committed. */
  readonly member: Member = (stale) => this.#membership.member(stale)

  /** The transactional id of this member. */
  get writer(): string {
    return this.#writerOf(this.#membership.memberId)
  }

  /**
   * Works on one share after the other.
   *
   * @param workOn - Ends when its tasks are to be others, with the session; with nothing where all work is over.
   * @param signal - Gives up.
   */
  async run(
    workOn: (share: ShareToWorkOn) => Promise<RecoveredSession | undefined>,
    signal: AbortSignal,
  ): Promise<void> {
    for (;;) {
      signal.throwIfAborted()
      const { change } = this.#shares
      this.#shares.settle(this.#membership)
      const { own } = this.#shares
      if (own.length === 0) {
        this.#warmTable = undefined
        await Promise.race([change, aborted(signal)])
        continue
      }
      const share = this.#shareOf(own)
      const session = await workOn({ member: this.member, share, warmTable: this.#warmTable, change })
      if (session === undefined) return
      await this.#end(session)
    }
  }

  /** Whether this process still has its tasks. */
  get isOwner(): boolean {
    return !this.#shares.isLost
  }

  /** Leaves the group: others have its tasks at once. Leaving twice does nothing. */
  leave(): Promise<void> {
    return this.#membership.leave()
  }

  async #end(session: RecoveredSession): Promise<void> {
    const { state, careful } = session
    state.epochs.abandon()
    const { topics } = this.#services
    this.#warmTable = warmTableOf(session, seedOf(topics.sinks[checkpointSink]!.id))
    // Also where all is lost: others would wait for what is open of a process that is a member again, without tasks.
    await fence(this.#services, this.isOwner ? this.member : asNobody, this.writer)
    if (this.isOwner) await careful.end(state.epochs.committed)
  }

  #shareOf(own: readonly number[]): ShareToWorkOn['share'] {
    const checkpoint = this.#checkpoint
    const isMember = async (writer: string) =>
      (await this.#membership.memberIds()).some((memberId) => this.#writerOf(memberId) === writer)
    return { own, writer: this.writer, checkpoint, isMember }
  }

  #writerOf(memberId: string): string {
    return `${this.#services.plan.name}/${memberId}`
  }
}
