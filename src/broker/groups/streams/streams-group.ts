import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../../core/clock.ts'
import { type ErrorCode, errorCode } from '../../../protocol/index.ts'
import type { NewTopic, Refusal, Topics } from '../../topics.ts'
import { memberJoins, memberLeaves } from '../epochs/epoch-member.ts'
import { isChanged, reconcile } from '../epochs/reconciliation.ts'
import { Roster } from '../epochs/roster.ts'
import { listsOf, type Unit, unitsOf } from '../epochs/unit.ts'
import type { Commit, Group } from '../group.ts'
import type { GroupConfig, GroupConfigName } from '../group-config.ts'
import type { GroupOffsets } from '../group-offsets.ts'
import { GroupTopology } from './group-topology.ts'
import { assignStickily } from './sticky-task-assignor.ts'
import {
  statusCode,
  type StreamsHeartbeat,
  type StreamsHeartbeatAnswer,
  type StreamsMember,
  type StreamsStatus,
  type StreamsTopology,
} from './streams-member.ts'
import { inRole, type TaskId, type TaskRole, taskOf, taskRoles, tasksIn } from './task.ts'

/** As `group.streams.max.size`, which Kafka leaves open. */
const membersMax = 1_000
/** The epoch of a group that nobody has joined yet. */
const firstEpoch = 1

const nothing: ReadonlySet<Unit> = new Set()

type StreamsGroupState = 'Empty' | 'NotReady' | 'Assigning' | 'Reconciling' | 'Stable'

interface StreamsGroupOptions {
  readonly clock: Clock
  readonly topics: Topics
  readonly config: GroupConfig
}

/** What a heartbeat comes to: an answer, and the topics that are to be made for the application. */
export interface StreamsOutcome {
  readonly answer: StreamsHeartbeatAnswer
  readonly missingTopics: readonly NewTopic[]
}

/**
 * A group of the members of a Kafka Streams application, whose broker makes internal topics and shares out tasks
 * (KIP-1071). The first member brings the topology, which stays until the group is deleted.
 *
 * @see Kafka's GroupMetadataManager.streamsGroupHeartbeat, whose rules these are
 */
export class StreamsGroup implements Group {
  readonly id: string
  readonly type = 'streams'
  readonly protocolType = 'streams'
  readonly offsets: GroupOffsets
  readonly #options: StreamsGroupOptions
  readonly #roster: Roster<StreamsMember>
  #epoch = firstEpoch
  #assignmentEpoch = firstEpoch
  #assignedAtMs = -Infinity
  /** Until when joins are awaited before the first assignment. */
  #delayedUntilMs = -Infinity
  #target: ReadonlyMap<string, ReadonlySet<Unit>> = new Map()
  #topology: GroupTopology | undefined
  #standbyCount = 0
  #endpointEpoch = 0
  /** Who has asked all members to end. */
  #shutdownBy: string | undefined

  constructor(id: string, offsets: GroupOffsets, options: StreamsGroupOptions) {
    this.id = id
    this.offsets = offsets
    this.#options = options
    this.#roster = new Roster({
      clock: options.clock,
      sessionTimeoutMs: () => this.#setting('streams.session.timeout.ms'),
      onExpired: () => this.#membersLeft(),
    })
  }

  get epoch(): number {
    return this.#epoch
  }

  get assignmentEpoch(): number {
    return this.#assignmentEpoch
  }

  get isEmpty(): boolean {
    return this.#roster.size === 0
  }

  get state(): StreamsGroupState {
    if (this.isEmpty) return 'Empty'
    if (this.#topology?.isReady !== true) return 'NotReady'
    if (this.#epoch > this.#assignmentEpoch) return 'Assigning'
    const isSettled = ({ held }: StreamsMember) => held.state === 'stable' && held.epoch === this.#assignmentEpoch
    return this.members.every(isSettled) ? 'Stable' : 'Reconciling'
  }

  get members(): StreamsMember[] {
    return this.#roster.all()
  }

  /** The topology, with the numbers of partitions of its topics as far as they are decided. */
  get topology(): StreamsTopology {
    return this.#topology!.described
  }

  targetOf(memberId: string): ReadonlySet<Unit> {
    return this.#target.get(memberId) ?? nothing
  }

  subscribedTopics(): Set<string> {
    return new Set(this.isEmpty ? [] : this.#topology?.sources)
  }

  /** Takes the heartbeat of a member that joins, stays or leaves. */
  heartbeat(request: StreamsHeartbeat): StreamsOutcome | Refusal {
    const { memberId, memberEpoch, topology } = request
    if (memberEpoch === memberLeaves) return this.#leave(request)
    const known = this.#roster.get(memberId)
    const reported = reportedBy(request)
    const refused = this.#check(request, known, reported) ?? this.#adopt(topology)
    if (refused !== undefined) return refused
    if (this.isEmpty) this.#delayedUntilMs = this.#nowMs + this.#setting('streams.initial.rebalance.delay.ms')
    const outcome = this.#topology!.configure()
    if ('error' in outcome) return outcome
    const { configured, hasChanged } = outcome
    if (hasChanged) this.#epoch += 1
    const unknown = [...(reported ?? [])].map((unit) => taskOf(unit).task).find((task) => !this.#topology!.has(task))
    if (unknown !== undefined) return refusal(errorCode.invalidRequest, `There is no task ${unknown}.`)
    const member = this.#update(known, request)
    const hasOtherSettings = this.#followSettings()
    if (!hasChanged && (hasOtherSettings || !isDeepStrictEqual(known, member))) this.#epoch += 1
    const status = [...this.#staleness(member), ...this.#assignWhenDue()]

    const before = member.held
    // While joins are awaited nobody has anything.
    const target = this.#isDelayed ? nothing : this.targetOf(memberId)
    this.#roster.settle(
      member,
      reconcile(before, {
        target: { epoch: this.#assignmentEpoch, units: target },
        reported,
        isFree: (unit) => this.#isFree(unit, member),
      }),
    )
    this.#roster.keepAlive(member)
    if (request.shutdownApplication) this.#shutdownBy ??= memberId
    if (configured.status !== undefined) status.push(configured.status)
    if (this.#shutdownBy !== undefined) {
      const statusDetail = `Member ${this.#shutdownBy} has asked for a shutdown of the entire application.`
      status.push({ statusCode: statusCode.shutdownApplication, statusDetail })
    }
    const isTold = memberEpoch === memberJoins || isChanged(before, member.held)
    return {
      answer: { ...this.#answer(member, isTold, request.endpointInformationEpoch), status },
      missingTopics: configured.missingTopics,
    }
  }

  checkCommit(commit: Commit): ErrorCode {
    const tasks = this.#topology ? commit.units.map((unit) => inRole('active', this.#topology!.readerOf(unit))) : []
    return this.#roster.checkCommit({ ...commit, units: tasks })
  }

  checkFetch(memberId: string | null, memberEpoch: number): ErrorCode {
    return this.#roster.checkFetch(memberId, memberEpoch)
  }

  close(): void {
    this.#roster.close()
  }

  get #nowMs(): number {
    return this.#options.clock.monotonicMs()
  }

  get #isDelayed(): boolean {
    return this.#nowMs < this.#delayedUntilMs
  }

  #setting(name: GroupConfigName): number {
    return this.#options.config.number(this.id, name)
  }

  #check(
    { memberId, memberEpoch }: StreamsHeartbeat,
    known: StreamsMember | undefined,
    reported: ReadonlySet<Unit> | undefined,
  ): Refusal | undefined {
    if (known !== undefined) return this.#roster.checkEpoch(known, memberEpoch, reported)
    if (memberEpoch !== memberJoins)
      return refusal(errorCode.unknownMemberId, `${memberId} is no member of ${this.id}.`)
    if (this.#roster.size < membersMax) return undefined
    return refusal(errorCode.groupMaxSizeReached, `${this.id} has ${membersMax} members, and takes no more.`)
  }

  /** Takes the topology of a member, where it is the first or says the same. */
  #adopt(topology: StreamsTopology | null): Refusal | undefined {
    if (topology === null) return undefined
    this.#topology ??= new GroupTopology(topology, this.#options.topics)
    return this.#topology.check(topology)
  }

  /** Keeps what a heartbeat says about its member. */
  #update(known: StreamsMember | undefined, request: StreamsHeartbeat): StreamsMember {
    const { memberId: id, rebalanceTimeoutMs, topology, clientId, clientHost } = request
    const member: StreamsMember = {
      id,
      instanceId: null,
      rackId: request.rackId ?? known?.rackId ?? null,
      clientId,
      clientHost,
      rebalanceTimeoutMs: rebalanceTimeoutMs === -1 ? (known?.rebalanceTimeoutMs ?? 0) : rebalanceTimeoutMs,
      topologyEpoch: topology?.epoch ?? known?.topologyEpoch ?? 0,
      processId: request.processId ?? known?.processId ?? '',
      userEndpoint: request.userEndpoint ?? known?.userEndpoint ?? null,
      clientTags: request.clientTags ?? known?.clientTags ?? [],
      held: known?.held ?? { state: 'stable', epoch: memberJoins, assigned: new Map(), revoking: new Map() },
      previousEpoch: known?.previousEpoch ?? memberJoins,
    }
    this.#roster.set(member)
    return member
  }

  /** Takes the settings that a target depends on as they are now, and says whether they have changed. */
  #followSettings(): boolean {
    const before = this.#standbyCount
    this.#standbyCount = this.#setting('streams.num.standby.replicas')
    return this.#standbyCount !== before
  }

  #staleness({ topologyEpoch }: StreamsMember): StreamsStatus[] {
    const { epoch } = this.#topology!
    if (topologyEpoch >= epoch) return []
    const statusDetail = `The member's topology epoch ${topologyEpoch} is behind the group's topology epoch ${epoch}.`
    return [{ statusCode: statusCode.staleTopology, statusDetail }]
  }

  /** Makes a new target where there is to be one, or says what it waits for. */
  #assignWhenDue(): StreamsStatus[] {
    if (this.#isDelayed) return [delayed('Assignment delayed due to the configured initial rebalance delay.')]
    if (this.#assignmentEpoch >= this.#epoch) return []
    if (this.#nowMs < this.#assignedAtMs + this.#setting('streams.assignment.interval.ms')) {
      return [delayed('Assignment delayed due to the configured assignment interval.')]
    }
    const shares = assignStickily({
      members: this.members.map(({ id, processId }) => {
        const had = this.targetOf(id)
        return { id, processId, active: new Set(tasksIn('active', had)), standby: new Set(tasksIn('standby', had)) }
      }),
      subtopologies: this.#topology!.subtopologies,
      standbyCount: this.#standbyCount,
    })
    this.#target = new Map(
      Array.from(shares, ([id, { active, standby }]) => [
        id,
        new Set([...[...active].map(asRole('active')), ...[...standby].map(asRole('standby'))]),
      ]),
    )
    this.#assignmentEpoch = this.#epoch
    this.#assignedAtMs = this.#nowMs
    return []
  }

  /** Whether nobody has a task in a way that keeps a member from getting it in a role. */
  #isFree(unit: Unit, { processId }: StreamsMember): boolean {
    const { role, task } = taskOf(unit)
    const has = ({ held }: StreamsMember, inThat: TaskRole) => {
      const named = inRole(inThat, task)
      return held.assigned.has(named) || held.revoking.has(named)
    }
    const inProcess = this.members.filter((member) => member.processId === processId)
    if (inProcess.some((member) => has(member, 'standby') || has(member, 'warmup'))) return false
    return !(role === 'active' ? this.members : inProcess).some((member) => has(member, 'active'))
  }

  #leave({ memberId, memberEpoch, shutdownApplication }: StreamsHeartbeat): StreamsOutcome | Refusal {
    if (shutdownApplication) this.#shutdownBy ??= memberId
    if (this.#roster.get(memberId) === undefined) {
      return refusal(errorCode.unknownMemberId, `${memberId} is no member of ${this.id}.`)
    }
    this.#roster.remove(memberId)
    this.#membersLeft()
    return { answer: { memberId, memberEpoch, status: [] }, missingTopics: [] }
  }

  #membersLeft(): void {
    this.#epoch += 1
    if (this.isEmpty) this.#shutdownBy = undefined
  }

  #answer(member: StreamsMember, isTold: boolean, endpointEpoch: number): StreamsHeartbeatAnswer {
    const { id, held, userEndpoint } = member
    if (isTold && userEndpoint !== null) this.#endpointEpoch += 1
    const told = (role: TaskRole) => (isTold ? taskListsOf(tasksIn(role, held.assigned.keys())) : null)
    return {
      memberId: id,
      memberEpoch: held.epoch,
      heartbeatIntervalMs: this.#setting('streams.heartbeat.interval.ms'),
      activeTasks: told('active'),
      standbyTasks: told('standby'),
      warmupTasks: told('warmup'),
      endpointInformationEpoch: this.#endpointEpoch,
      partitionsByUserEndpoint: this.#endpointEpoch === endpointEpoch ? null : this.#endpoints(),
    }
  }

  /** Which partitions may be asked about where. */
  #endpoints(): NonNullable<StreamsHeartbeatAnswer['partitionsByUserEndpoint']> {
    return this.members.flatMap(({ userEndpoint, held }) => {
      if (userEndpoint === null) return []
      const partitionsIn = (role: TaskRole) => this.#topology!.partitionsOf(tasksIn(role, held.assigned.keys()))
      return { userEndpoint, activePartitions: partitionsIn('active'), standbyPartitions: partitionsIn('standby') }
    })
  }
}

function reportedBy({ activeTasks, standbyTasks, warmupTasks }: StreamsHeartbeat): Set<Unit> | undefined {
  if (activeTasks === null || standbyTasks === null || warmupTasks === null) return undefined
  const lists = { active: activeTasks, standby: standbyTasks, warmup: warmupTasks }
  const units = taskRoles.flatMap((role) => {
    const tasks = unitsOf(
      lists[role].map(({ subtopologyId, partitions }) => ({ of: subtopologyId, numbers: partitions })),
    )
    return [...tasks].map(asRole(role))
  })
  return new Set(units)
}

function asRole(role: TaskRole): (task: TaskId) => Unit {
  return (task) => inRole(role, task)
}

/** Tasks as messages spell them. */
export function taskListsOf(tasks: readonly TaskId[]): { subtopologyId: string; partitions: readonly number[] }[] {
  return listsOf(tasks).map(({ of, numbers }) => ({ subtopologyId: of, partitions: numbers }))
}

function delayed(statusDetail: string): StreamsStatus {
  return { statusCode: statusCode.assignmentDelayed, statusDetail }
}

function refusal(error: ErrorCode, message: string): Refusal {
  return { error, message }
}
