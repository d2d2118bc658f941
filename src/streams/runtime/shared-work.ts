import { listGroupMembers, TaskMembership, type TaskMembershipOptions } from '../../kafka/index.ts'
import { CheckpointView } from '../checkpoint/checkpoint-view.ts'
import { asNobody, fence } from '../recovery/fence.ts'
import type { RecoveryRequest } from '../recovery/recover.ts'
import type { RecoveredSession } from '../recovery/session.ts'
import { readOnCommitted, seedOf, type TaskShare } from '../recovery/task-share.ts'
import { mayBeCopied } from '../recovery/warm-state.ts'
import { type WarmTable, warmTableOf } from '../recovery/warm-table.ts'
import { type InspectedCopies, StandbyTasks } from '../standby/standby-tasks.ts'
import { TasksAhead } from '../standby/tasks-ahead.ts'
import { chosenCopies } from '../tasks/copy-choice.ts'
import { type ShareChange, TaskShares } from '../tasks/task-shares.ts'
import type { Member } from './kafka-ports.ts'
import { checkpointSink } from '../topics/program-topics.ts'
import { aborted } from './operator-system.ts'
import type { KafkaServices } from './services.ts'

export type SharedWorkOptions = Omit<TaskMembershipOptions, 'group' | 'topics' | 'standbyCount'>

/** What a member works on until its tasks are others. */
export interface ShareToWorkOn extends Pick<RecoveryRequest, 'warmTable' | 'member'> {
  readonly share: TaskShare
  /** Resolves when its tasks are to be others. */
  readonly change: Promise<ShareChange>
}

/** What the work on a share has come to. */
export interface EndedWork {
  readonly session: RecoveredSession
  /** Whether all that was begun of it is committed, and nothing is at work on it any more. */
  readonly isSettled: boolean
}

/**
 * The part of a process in the work that all members of its program share, from joining to leaving: it works on the
 * tasks that the group gives to it, and anew each time these are others.
 *
 * 1. Tasks that it has been given are made ready while it goes on with those that it had (`TasksAhead`). Those that it
 *    is to give up do not wait for that.
 * 2. All that is under way of all its tasks is committed, and the operators stop. Where that has not come to its end, its
 *    own transactional id is fenced. So nothing of these tasks can be committed any more, and the group hears which of
 *    them it has given up.
 * 3. It recovers the tasks that it has then and that are ready. What its table has of those that it keeps, and what was
 *    restored ahead, need not be read again; the rows of those that have left are swept out.
 *
 * Meanwhile it keeps copies of tasks of others (`StandbyTasks`), from which it goes on where it is given these.
 */
export class SharedWork {
  readonly #services: KafkaServices
  readonly #membership: TaskMembership
  readonly #shares: TaskShares
  readonly #checkpoint = new CheckpointView({ keepsTables: false })
  readonly #copies: StandbyTasks
  readonly #ahead: TasksAhead
  /** Who has had tasks that are being made ready, and is no member: their transactions have been ended. */
  #ended = new Set<string>()
  #warmTable: WarmTable | undefined
  /** The tasks that were worked on last, and are this member's without a break. */
  #kept: readonly number[] = []

  /** Resolves once this process is a member. */
  static async join(services: KafkaServices, options: SharedWorkOptions): Promise<SharedWork> {
    const { plan, topics, options: settings } = services
    const taskCount = topics.sinks[checkpointSink]!.partitions.length
    // Kafka gives no tasks where inputs of a group differ. Fewer partitions of other sources follow those of the widest.
    const inputs = topics.sources.filter(({ partitions }) => partitions.length === taskCount)
    const shares = new TaskShares()
    const membership = await TaskMembership.join({
      ...options,
      group: plan.name,
      standbyCount: mayBeCopied(plan) ? settings.standbyTasks : 0,
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
    this.#copies = new StandbyTasks(services, () => this.#tasksToCopy())
    this.#ahead = new TasksAhead(services, this.#copies)
  }

  /** By what the other members know this one. */
  get memberId(): string {
    return this.#membership.memberId
  }

  /** As whom offsets are committed. */
  readonly member: Member = (stale) => this.#membership.member(stale)

  /** What it keeps of tasks of others; absent where that is nothing. */
  get copies(): InspectedCopies | undefined {
    return this.#copies.inspected
  }

  /** How long ago that was as new as the checkpoints, in milliseconds. */
  get copiesAgeMs(): number | undefined {
    return this.#copies.ageMs
  }

  /** The transactional id of this member. */
  get writer(): string {
    return this.#writerOf(this.#membership.memberId)
  }

  /**
   * Works on one share after the other.
   *
   * @param workOn - Ends when its tasks are to be others, with what it has come to; with nothing where all work is over.
   * @param signal - Gives up.
   */
  async run(workOn: (share: ShareToWorkOn) => Promise<EndedWork | undefined>, signal: AbortSignal): Promise<void> {
    const { plan, options } = this.#services
    if (options.standbyTasks > 0 && mayBeCopied(plan)) void this.#copies.follow(signal)
    for (;;) {
      signal.throwIfAborted()
      const { change: next } = this.#shares
      this.#shares.settle(this.#membership)
      const own = await this.#toWorkOn()
      if (own.length === 0) {
        this.#warmTable = undefined
        this.#kept = []
        await Promise.race([next, aborted(signal)])
        continue
      }
      const share = this.#shareOf(own)
      // What is made ready from now on is for the next one.
      this.#ended = new Set()
      const over = new AbortController()
      const change = this.#untilOthers(own, signal, over.signal)
      const toWorkOn = { member: this.member, share, warmTable: this.#warmTable, change }
      const ended = await workOn(toWorkOn).finally(() => over.abort())
      if (ended === undefined) return
      await this.#end(ended)
      this.#kept = this.#shares.lost === undefined ? own : []
    }
  }

  /** Those of its tasks that it goes on with, and those that are ready; all of them where it has none to go on with. */
  async #toWorkOn(): Promise<readonly number[]> {
    const { own } = this.#shares
    this.#ahead.keep(own)
    const kept = own.filter((task) => this.#kept.includes(task))
    const { ready } = this.#ahead
    const next = kept.length === 0 ? own : own.filter((task) => kept.includes(task) || ready.includes(task))
    if (ready.length > 0) this.#warmTable = this.#ahead.giveTo(this.#checkpoint, this.#warmTable)
    if (this.#warmTable === undefined) await this.#goOnFromCopies(next)
    return next
  }

  async #goOnFromCopies(own: readonly number[]): Promise<void> {
    const copies = await this.#copies.take(own)
    if (copies === undefined) return
    this.#checkpoint.takeOver(copies.checkpoint)
    this.#warmTable = copies.warmTable
  }

  /** As the group says; where it says nothing, as all members choose. */
  async #tasksToCopy(): Promise<readonly number[]> {
    const { cluster, plan, options } = this.#services
    const { protocol, memberId } = this.#membership
    if (protocol === 'streams') return this.#shares.copies.filter((task) => !this.#shares.has(task))
    const members = (await listGroupMembers(cluster, plan.name, plan.checkpointTopic)) ?? []
    return chosenCopies(members, memberId, options.standbyTasks).filter((task) => !this.#shares.has(task))
  }

  /**
   * Resolves when the tasks that are worked on are to be others: some are to be given up, or others are ready.
   *
   * @param signal - Gives up to make others ready, which goes on where the work on these is interrupted.
   * @param over - The work on these has ended: never resolves then.
   */
  async #untilOthers(working: readonly number[], signal: AbortSignal, over: AbortSignal): Promise<ShareChange> {
    for (;;) {
      if (over.aborted) return new Promise(() => {})
      const { change, lost, own } = this.#shares
      if (lost !== undefined) return { kind: 'lost', reason: lost }
      this.#ahead.keep(own)
      const gained = own.filter((task) => !working.includes(task))
      if (working.some((task) => !own.includes(task)) || gained.some((task) => this.#ahead.ready.includes(task))) {
        await Promise.race([this.#readOn(working), change])
        const reason = this.#shares.lost
        return reason === undefined ? { kind: 'changed' } : { kind: 'lost', reason }
      }
      // Others that it was to give up were never worked on.
      this.#shares.settle(this.#membership)
      const ready = gained.length === 0 ? [] : [this.#ahead.prepare(this.#shareOf(gained), signal)]
      await Promise.race([change, ...ready])
    }
  }

  /** Whether this process still has its tasks. */
  get isOwner(): boolean {
    return this.#shares.lost === undefined
  }

  /** Leaves the group: others have its tasks at once. Leaving twice does nothing. */
  leave(): Promise<void> {
    return this.#membership.leave()
  }

  async #end({ session, isSettled }: EndedWork): Promise<void> {
    const { state, careful } = session
    state.epochs.abandon()
    const { topics } = this.#services
    this.#warmTable = warmTableOf(session, seedOf(topics.sinks[checkpointSink]!.id))
    // Also where all is lost: others would wait for what is open of a process that is a member again, without tasks.
    if (!isSettled || !this.isOwner) await fence(this.#services, this.isOwner ? this.member : asNobody, this.writer)
    if (this.isOwner) await careful.end(state.epochs.committed)
  }

  /** A stop lasts as long as what is left to read of the checkpoint; what cannot be read now is left to it. */
  async #readOn(working: readonly number[]): Promise<void> {
    const { plan, logger } = this.#services
    await readOnCommitted(this.#services, this.#shareOf(working)).catch((error: unknown) =>
      logger.debug({ app: plan.name, err: error }, 'could not read the checkpoint ahead'),
    )
  }

  #shareOf(own: readonly number[]): ShareToWorkOn['share'] {
    const checkpoint = this.#checkpoint
    const isMember = async (writer: string) =>
      (await this.#membership.memberIds()).some((memberId) => this.#writerOf(memberId) === writer)
    return { own, writer: this.writer, checkpoint, isMember, ended: this.#ended }
  }

  #writerOf(memberId: string): string {
    return `${this.#services.plan.name}/${memberId}`
  }
}
