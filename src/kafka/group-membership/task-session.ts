import type { Timer } from '../../core/clock.ts'
import { assert } from '../../core/assert.ts'
import type { MillraceError } from '../../core/errors.ts'
import type { Api, RequestInputOf } from '../../protocol/index.ts'
import { refusal } from '../cluster/broker-error.ts'
import type { Wait } from '../cluster/broker-waits.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { Coordinator, type Attempt, type Purpose } from '../cluster/coordinator.ts'
import { retryDelayMs } from '../cluster/retry.ts'
import type { GroupMember } from '../membership/group-member.ts'
import { ownershipLost } from '../membership/ownership-lost.ts'
import { apis } from '../network/apis.ts'
import type { GroupExchange, GroupRequest, MembershipDriver, Outcome } from './membership-driver.ts'
import {
  type Ask,
  type MembershipAction,
  type MembershipEvent,
  type MembershipState,
  newMembership,
  type Task,
} from './membership-state.ts'
import { nextMembershipState } from './next-membership-state.ts'

/** What a session tells, in the order in which it holds. */
export type SessionEvent =
  /** The member has this epoch from now on, or the coordinator has confirmed it. */
  | { readonly kind: 'epoch'; readonly member: GroupMember }
  | { readonly kind: 'gained' | 'losing' | 'standingBy'; readonly tasks: readonly Task[] }
  /** The member has no epoch until the next one is told. */
  | { readonly kind: 'stopping'; readonly reason: MillraceError }
  | { readonly kind: 'degraded'; readonly sentence: string }

export interface TaskSessionOptions {
  readonly cluster: Cluster
  readonly driver: MembershipDriver
  readonly group: string
  /** The instance id under which a static member commits; null where members have none. */
  readonly groupInstanceId: string | null
  readonly heartbeatIntervalMs: number
  readonly sessionTimeoutMs: number
  readonly tell: (event: SessionEvent) => void
  /** Called once, when the group has let the member in. */
  readonly onJoined: () => void
}

/** What is answered at once is given up after so long, so that brokers that hang are told of before that is noticed. */
const promptMsMax = 2_000
/** How long after the last member came the coordinator may take to answer those that wait for it. */
const joinGraceMs = 5_000

/**
 * The life of one member: it carries out what the state machine of its membership asks for. One request is on its way at
 * a time; heartbeats go every `heartbeatIntervalMs`, and at once where something is owed.
 */
export class TaskSession {
  readonly #options: TaskSessionOptions
  readonly #coordinator: Coordinator
  readonly #held: Purpose
  readonly #prompt: Purpose
  readonly #ended = Promise.withResolvers<void>()
  #state: MembershipState
  #timer: Timer | undefined
  #dueMs = Infinity
  /** Numbers the requests; the answer of one that was given up is not heard. */
  #askCount = 0
  /** The request whose answer is to be told whatever it says. */
  #confirmAfter = Infinity
  #troubleCount = 0
  #troubleSinceMs = 0
  #wait: Wait | undefined
  #complaint: string | undefined
  #hasJoined = false

  constructor(options: TaskSessionOptions) {
    this.#options = options
    const { cluster, driver, group, sessionTimeoutMs } = options
    this.#state = newMembership(driver.traits)
    this.#coordinator = new Coordinator(cluster, 'group', group)
    this.#held = { name: 'rebalance', requestTimeoutMs: sessionTimeoutMs + joinGraceMs }
    this.#prompt = { name: 'heartbeat', requestTimeoutMs: Math.min(Math.ceil(sessionTimeoutMs / 3), promptMsMax) }
  }

  /** Whether the group has let this member in. */
  get hasJoined(): boolean {
    return this.#hasJoined
  }

  /** By which the coordinator knows this member: another one after each change of who is in the group. */
  get epoch(): number {
    return this.#state.epoch
  }

  /** Takes part until this member has left; rejects with what ends it before. */
  run(): Promise<void> {
    this.#handle({ type: 'due' })
    return this.#ended.promise
  }

  gaveUp(tasks: readonly Task[]): void {
    this.#handle({ type: 'gaveUp', tasks })
  }

  stopped(): void {
    this.#handle({ type: 'stopped' })
  }

  /** Asks the coordinator, without waiting for the next heartbeat; the epoch is told with the answer. */
  confirm(): void {
    this.#confirmAfter = this.#askCount
    if (this.#state.asking === undefined) this.#dueIn(0)
  }

  /** Leaves the group; `run` resolves once that is done. */
  leave(): void {
    this.#handle({ type: 'leave' })
  }

  #handle(event: MembershipEvent): void {
    const { state, actions } = nextMembershipState(this.#state, event)
    const before = this.#state
    this.#state = state
    if (state.phase === 'ended') return this.#end()
    if (state.phase === 'member') this.#tellEpoch(before)
    for (const action of actions) this.#act(action)
  }

  #act(action: MembershipAction): void {
    const { tell, group } = this.#options
    switch (action.type) {
      case 'ask':
        this.#dueIn(this.#options.heartbeatIntervalMs)
        return void this.#ask(action)
      case 'hurry':
        return this.#dueIn(0)
      case 'gain':
        return tell({ kind: 'gained', tasks: [...action.tasks] })
      case 'lose':
        return tell({ kind: 'losing', tasks: [...action.tasks] })
      case 'standBy':
        return tell({ kind: 'standingBy', tasks: [...action.tasks] })
      case 'stop': {
        const why = action.why === 'fenced' ? 'its session is over' : 'an answer of the coordinator was lost'
        return tell({ kind: 'stopping', reason: ownershipLost(group, why) })
      }
    }
  }

  #tellEpoch(before: MembershipState): void {
    const { epoch: generationId, memberId } = this.#state
    if (!this.#hasJoined) this.#options.onJoined()
    this.#hasJoined = true
    const isNew = before.phase !== 'member' || before.epoch !== generationId || before.memberId !== memberId
    if (!isNew) return
    this.#sendEpoch()
  }

  #sendEpoch(): void {
    const { epoch: generationId, memberId } = this.#state
    const { groupInstanceId, tell } = this.#options
    tell({ kind: 'epoch', member: { generationId, memberId, groupInstanceId } })
  }

  async #ask(ask: Ask): Promise<void> {
    const number = ++this.#askCount
    const { driver } = this.#options
    let request = driver.begin(ask)
    for (;;) {
      const attempt = await this.#send(request)
      if (number !== this.#askCount) return
      const next = this.#judge(ask, request, attempt)
      if (next === undefined) return
      if (!('api' in next)) return this.#settle(next, number)
      request = next
    }
  }

  #send({ api, request, isHeld = false }: GroupRequest): Promise<Attempt<unknown>> {
    const known: Api = apis[api]
    return this.#coordinator.ask(known, request as RequestInputOf<Api>, isHeld ? this.#held : this.#prompt)
  }

  /** Says what follows from what became of a request; undefined where that ends the membership. */
  #judge(ask: Ask, request: GroupRequest, attempt: Attempt<unknown>): GroupRequest | Outcome | undefined {
    const { driver, group } = this.#options
    switch (attempt.type) {
      case 'answered': {
        this.#endTrouble()
        const exchange = { ...request, answer: attempt.response } as GroupExchange
        this.#hearComplaint(driver.complaint(exchange))
        return driver.proceed(ask, exchange)
      }
      case 'refused': {
        const outcome = driver.refused(ask, request, attempt.code)
        const error = refusal(attempt.code, `${ask.kind} of a member of group "${group}"`, { group })
        if (outcome.type === 'failed') return this.#fail(error)
        if (outcome.type === 'lost' || outcome.type === 'refused') return this.#inTrouble(error, outcome)
        return outcome
      }
      case 'lost':
      case 'unreachable':
        if (!attempt.error.retryable) return this.#fail(attempt.error)
        return this.#inTrouble(attempt.error, { type: attempt.type === 'lost' ? 'lost' : 'refused' })
    }
  }

  #settle(outcome: Outcome, number: number): void {
    assert(outcome.type !== 'failed', 'the end was told')
    this.#handle(outcome)
    if (this.#troubleCount > 0) {
      const { cluster } = this.#options
      this.#dueIn(retryDelayMs(this.#troubleCount - 1, cluster.random))
    }
    if (this.#confirmAfter === Infinity || outcome.type !== 'answered') return
    if (number <= this.#confirmAfter) return this.#dueIn(0)
    this.#confirmAfter = Infinity
    if (this.#state.phase === 'member') this.#sendEpoch()
  }

  /** Requests are repeated for as long as others are to this cluster. */
  #inTrouble(error: MillraceError, outcome: Outcome): Outcome | undefined {
    const { cluster, group } = this.#options
    const nowMs = cluster.clock.monotonicMs()
    if (this.#troubleCount++ === 0) this.#troubleSinceMs = nowMs
    if (nowMs - this.#troubleSinceMs > cluster.retryPolicy.deadlineMs) return this.#fail(error)
    this.#wait ??= cluster.waits.begin(`heartbeat to group "${group}"`)
    this.#wait.failed(error)
    return outcome
  }

  #endTrouble(): void {
    this.#troubleCount = 0
    this.#wait?.end()
    this.#wait = undefined
  }

  #hearComplaint(complaint: string | undefined): void {
    const isNew = complaint !== undefined && complaint !== this.#complaint
    this.#complaint = complaint
    if (isNew) this.#options.tell({ kind: 'degraded', sentence: `the group has no tasks to give: ${complaint}` })
  }

  /** The next request goes then, unless it goes before. */
  #dueIn(afterMs: number): void {
    const { clock } = this.#options.cluster
    const dueMs = clock.monotonicMs() + afterMs
    if (this.#timer !== undefined && dueMs >= this.#dueMs) return
    this.#timer?.cancel()
    this.#dueMs = dueMs
    this.#timer = clock.setTimer({ afterMs }, () => {
      this.#timer = undefined
      this.#handle({ type: 'due' })
      // One that is on its way still is not waited for longer than it takes.
      if (this.#timer === undefined) this.#dueIn(this.#options.heartbeatIntervalMs)
    })
  }

  #fail(error: MillraceError): undefined {
    this.#ended.reject(error)
    this.#end()
  }

  #end(): void {
    this.#askCount++
    this.#timer?.cancel()
    this.#timer = undefined
    this.#endTrouble()
    this.#ended.resolve()
  }
}
