import assert from 'node:assert/strict'
import { nextInt } from '../../../core/random.ts'
import {
  type Ask,
  type GroupExchange,
  type GroupRequest,
  type MembershipDriver,
  type MembershipEvent,
  type MembershipState,
  newMembership,
  nextMembershipState,
  type Outcome,
} from '../../../kafka/index.ts'
import { errorCode } from '../../../protocol/index.ts'
import { answerTo } from './coordinator.ts'
import { SimulatedWork } from './simulated-work.ts'
import type { World } from './world.ts'

const heartbeatMs = 500
const answerMsMax = 1_000
const heldAnswerMsMax = 12_000
const handOverMsMax = 50

/** The thread of a member: its state machine and its driver, over requests that meet all that can happen to them. */
export class SimulatedMember {
  readonly name: string
  readonly work: SimulatedWork
  state: MembershipState
  readonly #world: World
  readonly #driver: MembershipDriver
  #isAsleep = false
  #hasCrashed = false
  /** What happened while it slept. */
  #missed: (() => void)[] = []
  #askCount = 0
  /** The latest request that the coordinator has heard. */
  #carriedOut = 0

  constructor(world: World, name: string) {
    this.name = name
    this.#world = world
    this.#driver = world.driver(name)
    this.state = newMembership(this.#driver.traits)
    this.work = new SimulatedWork({
      world,
      owner: name,
      isStopped: () => this.#isAsleep || this.#hasCrashed,
      gaveUp: (tasks) => this.#fromMain({ type: 'gaveUp', tasks }),
      stopped: () => this.#fromMain({ type: 'stopped' }),
    })
    this.#beat()
  }

  crash(): void {
    this.#hasCrashed = true
  }

  sleep(ms: number): void {
    this.#isAsleep = true
    this.#world.clock.setTimer({ afterMs: ms }, () => this.wake())
  }

  wake(): void {
    this.#isAsleep = false
    for (const happen of this.#missed.splice(0)) happen()
  }

  handle(event: MembershipEvent): void {
    if (this.#hasCrashed) return
    if (this.#isAsleep) return void this.#missed.push(() => this.handle(event))
    const { state, actions } = nextMembershipState(this.state, event)
    // A join on another connection may be carried out after the leave; its session ends then.
    const isOut = state.phase === 'ended' && !this.state.mayYetJoin
    assert(!isOut || !this.#world.knows(this.name), `${this.name} has left, and is a member`)
    this.state = state
    const { memberId, epoch, phase } = state
    if (phase === 'member') this.work.hear({ kind: 'epoch', memberId, epoch })
    for (const action of actions) {
      switch (action.type) {
        case 'ask':
          this.#ask(action)
          break
        case 'gain':
          this.work.hear({ kind: 'gained', tasks: [...action.tasks] })
          break
        case 'lose':
          this.work.hear({ kind: 'losing', tasks: [...action.tasks] })
          break
        case 'stop':
          this.work.hear({ kind: 'stopping' })
          break
        case 'hurry':
          this.#later(1, { type: 'due' })
          break
        // Copies are no work.
        case 'standBy':
      }
    }
  }

  #beat(): void {
    if (this.#hasCrashed || this.state.phase === 'ended') return
    this.handle({ type: 'due' })
    this.#world.clock.setTimer({ afterMs: heartbeatMs }, () => this.#beat())
  }

  /** Messages of a thread come in their order. */
  #fromMain(event: MembershipEvent): void {
    this.#later(handOverMsMax, event)
  }

  #ask(ask: Ask): void {
    const number = ++this.#askCount
    this.#exchange(ask, number, this.#driver.begin(ask))
  }

  /** One request: it is lost, refused, carried out late, or its answer is lost or late; or all is well. */
  #exchange(ask: Ask, number: number, request: GroupRequest): void {
    const { isCalm, random, clock } = this.#world
    const chance = (share: number) => !isCalm && this.#world.chance(share)
    let isAnswered = false
    const settle = (next: GroupRequest | Outcome) => {
      const deliver = () => {
        // By then the request may have been given up.
        if (isAnswered || this.#askCount !== number || this.#hasCrashed) return
        isAnswered = true
        if ('api' in next) this.#exchange(ask, number, next)
        else if (next.type === 'failed') throw new Error(`${request.api} is refused with ${next.code}`)
        else this.handle(next)
      }
      if (this.#isAsleep) this.#missed.push(deliver)
      else deliver()
    }
    const lateMs = () => (isCalm ? 1 : nextInt(random, 2 * answerMsMax))
    const refused = (code: number) => settle(this.#driver.refused(ask, request, code))
    const hear = (told: number | object) => {
      if (typeof told === 'number') return answerLater(this.#driver.refused(ask, request, told))
      answerLater(this.#driver.proceed(ask, { ...request, answer: told } as GroupExchange))
    }
    const answerLater = (next: GroupRequest | Outcome) => {
      if (chance(0.1)) return
      // A coordinator that moves says so also for what it has written.
      if (chance(0.03)) return refused(errorCode.notCoordinator)
      clock.setTimer({ afterMs: lateMs() }, () => settle(next))
      // The same once more, for which nobody waits any longer.
      if (chance(0.1)) clock.setTimer({ afterMs: 2 * lateMs() }, () => settle(next))
    }
    const carryOut = () => {
      if (this.#hasCrashed && chance(0.5)) return
      // Requests of one connection are carried out in their order, or not at all.
      if (!request.isHeld && number < this.#carriedOut) return
      this.#carriedOut = number
      if (chance(0.03)) return refused(errorCode.coordinatorLoadInProgress)
      if (chance(0.03)) return refused(errorCode.notCoordinator)
      const answer = answerTo(this.#world.groups, this.name, request)
      if (!(answer instanceof Promise)) return hear(answer)
      clock.heldCount++
      void answer.then(hear).finally(() => clock.heldCount--)
    }
    const giveUpMs = request.isHeld ? heldAnswerMsMax : answerMsMax
    clock.setTimer({ afterMs: giveUpMs }, () => settle({ type: 'lost' }))
    if (chance(0.1)) return
    clock.setTimer({ afterMs: isCalm ? 1 : nextInt(random, 200) }, carryOut)
  }

  #later(afterMs: number, event: MembershipEvent): void {
    this.#world.clock.setTimer({ afterMs }, () => this.handle(event))
  }
}
