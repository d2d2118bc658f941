import type { SystemEvent } from '../../actors/index.ts'
import type { Clock } from '../../core/clock.ts'
import { MillraceError, type ErrorCode, FunctionError } from '../../core/errors.ts'
import { type BrokerWaits, Cluster, Membership, type MembershipOptions } from '../../kafka/index.ts'
import type { StateTable } from '../recovery/program-state.ts'
import type { ProgramEvents } from '../events/program-events.ts'
import type { Logger } from '../logs/logger.ts'
import { aborted, OperatorSystem } from './operator-system.ts'
import { endInOrder } from './orderly-end.ts'
import type { Meters } from '../observe/meters.ts'
import { ProgramView } from '../observe/program-view.ts'
import { TermView } from '../observe/term-view.ts'
import type { RunOptions } from '../options.ts'
import { findTopics } from '../topics/program-topics.ts'
import { type RecoveryRequest, recover } from '../recovery/recover.ts'
import type { Session } from '../recovery/session.ts'
import { SpareMemory } from '../recovery/spare-memory.ts'
import type { WarmTable } from '../recovery/warm-table.ts'
import type { ShareChange } from '../tasks/task-shares.ts'
import { kafkaPorts } from './kafka-ports.ts'
import { kafkaServices, type KafkaServices } from './services.ts'
import type { Role } from './role.ts'
import { type EndedWork, SharedWork } from './shared-work.ts'
import type { RunStatistics } from './statistics.ts'
import type { Tracing } from '../tracing/tracing.ts'
import type { Plan } from '../topology/plan.ts'
import { whileOthersWork } from '../standby/other-version.ts'
import { ProgramWatch } from '../standby/program-watch.ts'
import type { LookupTables } from '../tables/lookup-tables.ts'
import { TopicFollower } from '../tables/topic-follower.ts'
import { Standby } from '../standby/standby.ts'
import type { InspectedCopies } from '../standby/standby-tasks.ts'

export interface TermOptions {
  readonly plan: Plan
  readonly options: RunOptions
  readonly servers: MembershipOptions['cluster']
  readonly waits: BrokerWaits
  readonly logger: Logger
  readonly clock?: Clock | undefined
  /** Goes on counting over all terms. */
  readonly statistics: RunStatistics
  readonly meters: Meters
  readonly events: ProgramEvents
  /** Absent where no trace is followed. */
  readonly tracing: Tracing | undefined
  /** Called when the role may have changed. */
  readonly onRole: () => void
  /** Called once the process is the active one, or stands by. */
  readonly onBegun: () => void
  /** Called when the session of the active process is there. */
  readonly onRecovered: (session: Session) => void
  /** Called when the work on some tasks has ended, and that on others may begin: what the session has counted is over. */
  readonly onShared: () => void
  /** Called after each committed epoch, and when the table has all that was pending. */
  readonly onProgress: (session: Session) => void
}

/** How a term has ended. */
export interface TermEnd {
  /** Absent where it was stopped. */
  readonly failure: unknown
  /** Whether the group has gone on without this process, which may join it again. */
  readonly isLost: boolean
}

/**
 * One membership of a process in its application, from joining the group to leaving it: it finds the topics, joins,
 * stands by if another process is the active one, and then recovers and runs the operators under their supervisors.
 *
 * Connections, topics and state are a term's own. So a process whose term is lost begins the next one as a process
 * would that has just been started, and nothing that is still under way in the lost one can meet it.
 */
export class Term {
  readonly #options: TermOptions
  readonly #cluster: Cluster
  /** Gives up to stand by or to recover, and stops the operators. */
  readonly #ending = new AbortController()
  /** There once this process is the active one and has recovered. */
  #session: Session | undefined
  #membership: Membership | undefined
  #services: KafkaServices | undefined
  /** There from when this process stands by on. */
  #watch: ProgramWatch | undefined
  /** There while this process stands by with a table. */
  #standby: Standby | undefined
  /** There while this process is the active one. */
  #operators: OperatorSystem | undefined
  /** There where all members are at work. */
  #work: SharedWork | undefined
  #programView: ProgramView | undefined
  /** Whether members of another version share the work, and this process waits. */
  #isOtherVersion = false
  /** There where topics fill tables. */
  #follower: TopicFollower | undefined
  #view: TermView | undefined
  /** The first of what ends the term. */
  #failure: unknown
  #isStopped = false
  #isRevoked = false

  constructor(options: TermOptions) {
    const { servers, clock } = options
    this.#options = options
    this.#cluster = new Cluster({ ...servers, ...(clock && { clock }) })
  }

  /** Absent while this process is not the active one. */
  get session(): Session | undefined {
    return this.#session
  }

  get role(): Role {
    if (this.#operators !== undefined) return 'active'
    return this.#watch?.error === undefined && !this.#isOtherVersion ? 'standby' : 'incompatible'
  }

  /** Pending rows, in the active process or in a standby. */
  get table(): StateTable | undefined {
    return this.#session?.state.table ?? this.#standby?.table
  }

  /** How long ago the table of a standby, or that of copies of tasks, was as new as the checkpoint; undefined where there is none. */
  get standbyAgeMs(): number | undefined {
    return this.#standby?.ageMs ?? this.#work?.copiesAgeMs
  }

  /** What is kept of tasks of other members; absent where that is nothing. */
  get copies(): InspectedCopies | undefined {
    return this.#work?.copies
  }

  /** Tables that topics fill; absent where the program has none, and before its topics are found. */
  get lookups(): LookupTables | undefined {
    return this.#services?.lookups
  }

  /** What is looked at in an active process; absent while this process is not. */
  get view(): TermView | undefined {
    return this.#view
  }

  /** What is looked at of all members; absent where one process at a time is active. */
  get programView(): ProgramView | undefined {
    return this.#programView
  }

  /** Takes part until that ends. Nothing is left of it then. */
  async run(): Promise<TermEnd> {
    let error: unknown
    try {
      await this.#takePart()
    } catch (cause) {
      error = cause
    }
    const failure = this.#failure ?? (this.#ending.signal.aborted ? undefined : error)
    this.#ending.abort()
    this.#session?.state.reads.end(this.#stopped())
    // What was not committed has not happened, for the report either.
    if (failure !== undefined) this.#session?.state.epochs.abandon()
    this.#follower?.stop()
    const isLost = !this.#isStopped && (await this.#isLost(failure))
    await this.#leave(failure)
    return { failure, isLost }
  }

  /** Ends the term in good order, for good. */
  stop(): Promise<void> {
    this.#isStopped = true
    return this.#drain()
  }

  /** Ends what is under way in good order, as long as brokers answer. */
  async #drain(): Promise<void> {
    const operators = this.#operators
    if (operators === undefined || this.#ending.signal.aborted) return this.#abandon()
    const leftMs = await operators.finish(this.#ending.signal)
    if (this.#options.waits.isWaiting) this.#abandon()
    await operators.halt(leftMs)
  }

  async #takePart(): Promise<void> {
    const { plan, options, logger, statistics, meters, events, tracing } = this.#options
    const cluster = this.#cluster
    const topics = await findTopics(cluster, plan, logger)
    const services = kafkaServices({ plan, options, cluster, topics, logger, statistics, meters, events, tracing })
    this.#services = services
    const { lookups } = services
    this.#follower = lookups && new TopicFollower(services, lookups.all, (error) => this.#fail(error))
    if (plan.layout !== 'single') return this.#share(services)
    // Joining takes longer, in a thread of its own.
    const [membership, spareMemory] = await Promise.all([this.#join(services), SpareMemory.prepare(services)])
    this.#membership = membership
    this.#ending.signal.throwIfAborted()
    const warmTable = membership.isOwner ? undefined : await this.#standBy(services, membership, spareMemory)
    await this.#beActive({ services, member: (stale) => membership.member(stale), spareMemory, warmTable })
  }

  #join(services: KafkaServices): Promise<Membership> {
    const { plan } = this.#options
    return Membership.join({
      ...this.#membershipOptions(services),
      group: plan.name,
      topic: plan.checkpointTopic,
      onRevoked: () => this.#revoked(),
    })
  }

  #membershipOptions({ loop }: KafkaServices) {
    const { plan, options, servers, logger } = this.#options
    return {
      cluster: servers,
      sessionTimeoutMs: options.sessionTimeoutMs,
      heartbeatIntervalMs: options.heartbeatIntervalMs,
      maxStallMs: options.maxStallMs,
      stalledExitMs: options.stalledExitMs,
      loop,
      onStoodStill: (facts: Parameters<NonNullable<MembershipOptions['onStoodStill']>>[0]) =>
        logger.warn(
          { app: plan.name, ...facts },
          `the main loop stood still${facts.operator === undefined ? '' : ` in "${facts.operator}"`}`,
        ),
      ...(options.hostId !== undefined && { hostId: options.hostId }),
      onLost: (error: MillraceError) => this.#fail(error),
      signal: this.#ending.signal,
    }
  }

  /** Works on the tasks that this process is given, as one of several members. */
  async #share(services: KafkaServices): Promise<void> {
    const { plan, options, logger, onBegun, onShared } = this.#options
    await this.#waitForOthers(services)
    const [work, spareMemory] = await Promise.all([
      SharedWork.join(services, {
        ...this.#membershipOptions(services),
        giveUpMsMax: options.drainMs + options.transactionTimeoutMs,
        onDegraded: (sentence) => logger.warn({ app: plan.name }, sentence),
      }),
      SpareMemory.prepare(services),
    ])
    this.#work = work
    this.#programView = new ProgramView(services, work.memberId)
    onBegun()
    const { signal } = this.#ending
    await work.run(async ({ change, ...share }) => {
      logger.info({ app: plan.name, tasks: share.share.own }, 'working on tasks')
      const ended = await this.#beActive({ services, spareMemory, ...share }, change)
      if (this.#isStopped || signal.aborted) return undefined
      onShared()
      this.#session = undefined
      this.#options.onRole()
      return ended
    }, signal)
  }

  /** Returns when nobody shares the work who is of another version. */
  async #waitForOthers(services: KafkaServices): Promise<void> {
    const { options, onBegun, onRole } = this.#options
    await whileOthersWork(services, this.#ending.signal, (error) => {
      if (options.onIncompatible === 'exit') throw error
      this.#isOtherVersion = true
      onRole()
      onBegun()
    })
    this.#isOtherVersion = false
  }

  /** Returns when this process is made the owner, with the table that it has. */
  async #standBy(
    services: KafkaServices,
    membership: Membership,
    spareMemory: SpareMemory,
  ): Promise<WarmTable | undefined> {
    const { plan, options, logger, onBegun } = this.#options
    const { signal } = this.#ending
    logger.info({ app: plan.name }, 'standing by: another process is the active one')
    const isOver = new AbortController()
    await this.#watchProgram(services, AbortSignal.any([signal, isOver.signal]))
    if (options.standbyRefreshMs > 0) {
      this.#standby = new Standby(services, spareMemory, signal)
      void this.#follower?.start()
    }
    onBegun()
    await membership.owned(signal)
    isOver.abort()
    const warmTable = await this.#standby?.end()
    this.#standby = undefined
    return warmTable
  }

  /**
   * @throws MillraceError `CHECKPOINT_INCOMPATIBLE`, `SOURCE_RECREATED` where this process could never take over, and
   * is to end then.
   */
  async #watchProgram(services: KafkaServices, signal: AbortSignal): Promise<void> {
    const mustEnd = services.options.onIncompatible === 'exit'
    const watch = new ProgramWatch(services)
    this.#watch = watch
    await watch.compare()
    this.#options.onRole()
    if (mustEnd && watch.error !== undefined) throw watch.error
    void watch.follow(signal, (error) => {
      this.#options.onRole()
      if (mustEnd && error !== undefined) this.#fail(error)
    })
  }

  /**
   * Resolves when the operators have been stopped.
   *
   * @param change - Ends them, in good order where tasks have changed. @defaultValue nothing does
   */
  async #beActive(request: RecoveryRequest, change: Promise<ShareChange> = new Promise(() => {})): Promise<EndedWork> {
    const { waits, onBegun, onRole, onRecovered, onProgress } = this.#options
    const { services, member } = request
    const { signal } = this.#ending
    // What is waited for may never come.
    const [{ session, lastEpoch }] = await Promise.race([
      Promise.all([recover(request), this.#follower?.caughtUp()]),
      aborted(signal),
    ])
    this.#session = session
    onRecovered(session)
    const ports = kafkaPorts(services, member, lastEpoch, request.share?.writer)
    const tree = { services, session, ports, onProgress: () => onProgress(session) }
    const onEvent = (event: SystemEvent) => this.#note(event)
    this.#operators = await OperatorSystem.start(tree, { waits, onEvent, signal })
    const operators = this.#operators
    using view = new TermView(services, session, ports.sourceLog, () => operators.snapshot())
    this.#view = view
    onRole()
    onBegun()
    const changed = await Promise.race([operators.ended(), change])
    if (changed !== undefined) {
      await operators.halt(changed.kind === 'lost' ? 0 : await operators.finish(signal))
      await operators.ended()
      session.state.reads.end(this.#sharedAnew())
      this.#operators = undefined
      this.#view = undefined
    }
    return { session, isSettled: operators.isSettled }
  }

  #stopped(): MillraceError {
    return new MillraceError('APP_STOPPED', `"${this.#options.plan.name}" was stopped`)
  }

  #sharedAnew(): MillraceError {
    const { name } = this.#options.plan
    const text = `the tasks of "${name}" are shared out anew: ask again the process that has the key then`
    return new MillraceError('TABLES_ABSENT', text, { app: name })
  }

  #note(event: SystemEvent): void {
    this.#options.meters.note(event, this.#cluster.clock.nowMs())
    // What happens after the end has begun says nothing new.
    if (event.type !== 'childCrashed' || this.#ending.signal.aborted) return
    const { plan, logger } = this.#options
    const { path, incarnation, error } = event
    const fields = { app: plan.name, actor: path, incarnation, err: error }
    logger.error(fields, 'an actor crashed')
    if (MillraceError.is(error) && (!error.retryable || error instanceof FunctionError)) this.#fail(error)
  }

  /** Ends the term for an error that a restart of the operators would meet again. */
  #fail(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    // What is still under way could not be committed any more.
    if (isOwnershipLost(error)) this.#abandon()
    else this.#ending.abort(error)
  }

  /** Another member was made the owner: ends what is under way. */
  #revoked(): Promise<void> {
    this.#isRevoked = true
    return this.#drain()
  }

  /** Ends at once, whatever is waited for. */
  #abandon(): void {
    this.#ending.abort(this.#stopped())
    void this.#cluster.close()
    void this.#membership?.leave()
    void this.#work?.leave()
  }

  /**
   * Whether the group has gone on without this process. A process that was taken for dead meets the producer of the
   * next owner, or its epochs, before it hears of that from the group, so then the group is asked.
   */
  async #isLost(failure: unknown): Promise<boolean> {
    if (this.#isRevoked || isOwnershipLost(failure)) return true
    if (this.#work !== undefined) return isTakenOver(failure)
    if (this.#membership === undefined || !isTakenOver(failure)) return false
    return this.#membership.confirm().then(() => false, isOwnershipLost)
  }

  async #leave(failure: unknown): Promise<void> {
    // Where brokers cannot be reached this would wait for them once more.
    const isPassing = MillraceError.is(failure) && failure.retryable && !(failure instanceof FunctionError)
    const [services, session, membership] = [this.#services, this.#session, this.#work ?? this.#membership]
    if (!isPassing && !this.#options.waits.isWaiting && services && session && membership) {
      const mayBeOpen = failure !== undefined && !isTakenOver(failure)
      await endInOrder({ services, session, membership, mayBeOpen })
    }
    await this.#work?.leave()
    await this.#membership?.leave()
    await this.#cluster.close()
    await this.#standby?.end()
  }
}

/** What a process meets when another one has gone on with the program. */
const takenOver: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['TRANSACTION_FENCED', 'CHECKPOINT_FOREIGN'])

function isTakenOver(error: unknown): boolean {
  return MillraceError.is(error) && takenOver.has(error.code)
}

function isOwnershipLost(error: unknown): boolean {
  return MillraceError.is(error) && error.code === 'OWNERSHIP_LOST'
}
