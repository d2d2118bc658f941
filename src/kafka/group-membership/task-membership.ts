import type { GroupMember } from '../membership/group-member.ts'
import { type MembershipMessage, MembershipThread } from '../membership/membership-thread.ts'
import { ownershipLost } from '../membership/ownership-lost.ts'
import { currentProcess } from '../membership/process-identity.ts'
import { errorOf } from '../membership/thread.ts'
import type { TaskMembershipOptions, TaskWork } from './task-membership-options.ts'
import type { TaskProtocol } from './task-topics.ts'

/** Messages of which `work` is told. */
type TaskMessage = Extract<MembershipMessage, { kind: 'gained' | 'losing' | 'standingBy' | 'stopping' }>

/**
 * This process among those of one application that share its tasks, by one of Kafka's group protocols. All that is said
 * to Kafka for it is said by a thread of its own, which tells `work` what to do.
 *
 * - No task has two owners that could both commit: one that is given up is told to another member only after `gaveUp`;
 *   one that is lost with its member's session can be committed by that member no more.
 * - A member that dies is taken out of the group by any other of its host, within a heartbeat interval; with none there,
 *   by the end of its session.
 * - A membership that is lost for good, told by `onLost`, is over: join again.
 */
export class TaskMembership implements AsyncDisposable {
  readonly #options: TaskMembershipOptions
  readonly #thread: MembershipThread
  /** Absent from `stopping` until the group has let this process in again. */
  #present: GroupMember | undefined
  #protocol: TaskProtocol | undefined
  /** How often the worker has told the epoch. */
  #toldCount = 0
  readonly #asked: PromiseWithResolvers<string[]>[] = []
  #work: TaskWork | undefined
  /** What was told before the work began. */
  readonly #untold: TaskMessage[] = []

  /**
   * Resolves once this process is in the group. Of its tasks it is told when it begins to work.
   *
   * @throws KafkaError `KAFKA_UNAVAILABLE`, `KAFKA_REFUSED`, and what a connection fails with.
   */
  static async join(options: TaskMembershipOptions): Promise<TaskMembership> {
    const membership = new TaskMembership(options)
    await membership.#thread.joined(() => membership.#protocol !== undefined)
    return membership
  }

  private constructor(options: TaskMembershipOptions) {
    const { topics, protocol, giveUpMsMax, standbyCount = 0, hostId } = options
    const self = currentProcess(hostId)
    this.#options = options
    const part = { kind: 'tasks', topics, protocol, giveUpMsMax, standbyCount } as const
    this.#thread = new MembershipThread(options, part, self, (message) => this.#hear(message))
  }

  /** Tells this member's tasks to `work` from now on. Called once. */
  begin(work: TaskWork): void {
    this.#work = work
    for (const message of this.#untold.splice(0)) this.#tellWork(work, message)
  }

  /** By what the other members know this one: another one for each time that a process joins. */
  get memberId(): string {
    return this.#thread.name
  }

  /** What the group speaks. */
  get protocol(): TaskProtocol {
    return this.#protocol!
  }

  /**
   * With what offsets are committed, for tasks that are this member's.
   *
   * @param stale - What the coordinator has refused: resolves with what takes its place, or with the same once the
   * coordinator has confirmed it.
   * @throws KafkaError `OWNERSHIP_LOST` from `stopping` until the next tasks are gained
   */
  async member(stale?: GroupMember): Promise<GroupMember> {
    const member = this.#member()
    if (stale?.generationId !== member.generationId || stale.memberId !== member.memberId) return member
    const toldCount = this.#toldCount
    this.#thread.tell({ kind: 'confirm' })
    await this.#thread.until(() => this.#toldCount > toldCount)
    return this.#member()
  }

  /** The work on these, which `losing` has named, has ended, and what it came to is committed. */
  gaveUp(tasks: readonly number[]): void {
    this.#thread.tell({ kind: 'gaveUp', tasks })
  }

  /** All work has stopped since `stopping`, and nothing of it can be committed any more. */
  stopped(): void {
    this.#thread.tell({ kind: 'stopped' })
  }

  /**
   * Asks the coordinator who is in the group: the `memberId` of each member.
   *
   * @throws KafkaError what the coordinator refuses, and why the membership has ended
   */
  async memberIds(): Promise<string[]> {
    const asked = Promise.withResolvers<string[]>()
    this.#asked.push(asked)
    this.#thread.tell({ kind: 'members' })
    await this.#thread.until(() => !this.#asked.includes(asked))
    return asked.promise
  }

  /** Leaves the group, once all work has ended in good order: its tasks are others' at once. Leaving twice does nothing. */
  leave(): Promise<void> {
    return this.#thread.leave()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave()
  }

  #member(): GroupMember {
    if (this.#thread.failure !== undefined) throw this.#thread.failure
    if (this.#present === undefined) throw ownershipLost(this.#options.group, 'it has not joined anew yet')
    return this.#present
  }

  #hear(message: MembershipMessage): void {
    switch (message.kind) {
      case 'joined':
        this.#protocol = message.protocol
        return
      case 'epoch':
        this.#present = message.member
        this.#toldCount++
        return
      case 'stopping':
        this.#present = undefined
        // Whoever waits for a confirmation is told.
        this.#toldCount++
        return this.#toWork(message)
      case 'gained':
      case 'losing':
      case 'standingBy':
        return this.#toWork(message)
      case 'degraded':
        return this.#options.onDegraded?.(message.sentence)
      case 'members':
        return this.#asked.shift()?.resolve([...message.names])
      case 'membersUnknown':
        return this.#asked.shift()?.reject(errorOf(message.failure))
      // Of one that is the active process or stands by.
      case 'generation':
      case 'revoking':
    }
  }

  #toWork(message: TaskMessage): void {
    if (this.#work === undefined) this.#untold.push(message)
    else this.#tellWork(this.#work, message)
  }

  #tellWork(work: TaskWork, message: TaskMessage): void {
    if (message.kind === 'stopping') work.stopping(errorOf(message.failure))
    else work[message.kind](message.tasks)
  }
}
