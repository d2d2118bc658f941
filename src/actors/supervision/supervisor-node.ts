import { assert } from '../../core/assert.ts'
import { within } from '../../core/within.ts'
import { ActorCell } from '../actor/actor-cell.ts'
import type { Inbox } from '../actor/ref.ts'
import { Group } from '../routing/group.ts'
import type { Runtime } from '../system/runtime.ts'
import type { SupervisorSnapshot } from '../system/snapshot.ts'
import type { Child, OnExit } from './child.ts'
import { childExists, childrenFull, childRunning, noChild, startFailed, supervisorDown } from './child-errors.ts'
import type { Exit, ExitReason } from './exit-reason.ts'
import { RestartBudget } from './restart-budget.ts'
import { createRestarter, type Restarter, stopInReverse } from './restart-group.ts'
import { shouldRestart } from './restart-policy.ts'
import { childSpecOf, idOf } from './added-child.ts'
import { changeChild } from './changed-child.ts'
import { errorOf, type Slot, Slots } from './slot.ts'
import type { ChildSpec, SupervisorSpec } from './supervisor.ts'
import type { Threading } from './validate-spec.ts'
import {
  type AddedAlike,
  type AddedChild,
  type ChangedActor,
  createSupervisorRef,
  type Parent,
  type SupervisorRef,
  type TerminateOptions,
} from './supervisor-ref.ts'

/** One life of a supervisor, from its start until its children are down. */
interface Life {
  phase: 'starting' | 'running' | 'stopping'
  /** Aborts when the end begins. */
  readonly end: AbortController
  readonly restarter: Restarter<Slot>
  readonly budget: RestartBudget
  /** Exits of children while others were still starting. */
  readonly earlyExits: { slot: Slot; exit: Exit }[]
  /** Resolves when the children are down, once the end has begun. */
  down: Promise<void> | undefined
}

/** Keeps its children running: restarts them by strategy, and fails when they crash too often. */
export class SupervisorNode implements Child, Parent {
  readonly kind = 'supervisor'
  readonly path: string
  readonly ref: SupervisorRef
  readonly #spec: SupervisorSpec
  readonly #runtime: Runtime
  readonly #onExit: OnExit
  /** The thread that children are placed on unless they say another. */
  readonly #thread: string | undefined
  readonly #slots: Slots
  #life: Life | undefined
  readonly #group: Group | undefined
  readonly #childrenMax: number
  #incarnation = 0
  #madeCount = 0
  #lastReason: ExitReason | undefined

  constructor(path: string, spec: SupervisorSpec, runtime: Runtime, onExit: OnExit, thread?: string) {
    this.path = path
    this.#spec = spec
    this.#runtime = runtime
    this.#onExit = onExit
    this.#thread = thread
    this.#childrenMax = spec.childrenMax ?? 100_000
    this.ref = createSupervisorRef(this)
    runtime.supervisors.enter(this.ref)
    this.#slots = new Slots(spec.children.map((child) => () => this.#createSlot(child, false)))
    this.#group = spec.group && new Group(this.ref, spec.group, this.#slots, runtime.clock)
    if (this.#group !== undefined) runtime.groups.enter(this.#group)
  }

  async start(): Promise<boolean> {
    assert(this.#life === undefined, `${this.path} has one live incarnation at most`)
    const life = this.#createLife()
    this.#life = life
    this.#incarnation++
    for (const slot of this.#slots.all) this.#slots.setWanted(slot, true)
    for (const { child, path } of this.#slots.all) {
      const isUp = await child.start()
      if (life.end.signal.aborted) return false
      if (isUp) continue
      const exit = life.earlyExits.findLast(({ slot }) => slot.child === child)?.exit
      await this.#fail(life, startFailed(path, exit))
      return false
    }
    life.phase = 'running'
    this.#group?.open()
    for (const { slot, exit } of life.earlyExits.splice(0)) this.#onChildExit(slot, exit)
    return true
  }

  stop(): Promise<void> {
    const life = this.#life
    if (life === undefined) return Promise.resolve()
    return this.#bringDown(life, { kind: 'shutdown' })
  }

  end(): void {
    for (const { child } of this.#slots.all) child.end()
  }

  actors(): readonly Inbox[] {
    return this.#slots.all.flatMap(({ child }) => child.actors())
  }

  whenDrained(): Promise<unknown> {
    return Promise.all(this.#slots.all.map(({ child }) => child.whenDrained()))
  }

  forget(): void {
    for (const { child } of this.#slots.all) child.forget()
    this.#runtime.supervisors.leave(this.ref)
    if (this.#group !== undefined) this.#runtime.groups.leave(this.#group)
  }

  inspect(): SupervisorSnapshot {
    return {
      kind: 'supervisor',
      path: this.path,
      status: this.#life?.phase ?? 'down',
      strategy: this.#spec.template === undefined ? (this.#spec.strategy ?? 'oneForOne') : 'simpleOneForOne',
      incarnation: this.#incarnation,
      lastReason: this.#lastReason,
      children: this.#slots.all.map(({ child }) => child.inspect()),
    }
  }

  startChild(added: AddedChild | AddedAlike): Promise<unknown> {
    return this.#whileRunning(async (life) => {
      const child = childSpecOf(this.#spec, this.path, added, () => `${++this.#madeCount}`, this.#threading)
      const path = `${this.path}/${idOf(child)}`
      return life.restarter.between(undefined, async () => {
        this.#checkRuns(life)
        if (this.#slots.find(idOf(child)) !== undefined) throw childExists(path)
        if (this.#slots.count >= this.#childrenMax) throw childrenFull(this.path, this.#childrenMax)
        const slot = this.#createSlot(child, true)
        this.#slots.add(slot)
        try {
          await this.#startSlot(slot)
        } catch (error) {
          this.#slots.remove(slot)
          throw error
        }
        return slot.child.ref
      })
    })
  }

  terminateChild(id: string, { drainMs = 0 }: TerminateOptions = {}): Promise<void> {
    return this.#whileRunning(async ({ restarter }) => {
      const slot = this.#find(id)
      if (drainMs > 0) await within(this.#runtime.clock, drainMs, slot.child.whenDrained(), undefined)
      this.#slots.setWanted(slot, false)
      restarter.withdraw(slot)
      await slot.child.stop()
      if (!slot.isWanted) this.#giveUp(slot)
    })
  }

  restartChild(id: string): Promise<void> {
    return this.#whileRunning(async (life) => {
      const slot = this.#find(id)
      if (slot.isWanted) throw childRunning(slot.path)
      await slot.child.stop()
      return life.restarter.between(slot, async () => {
        this.#checkRuns(life)
        if (!this.#slots.has(slot)) throw noChild(this.path, id)
        if (slot.isWanted) throw childRunning(slot.path)
        await this.#startSlot(slot)
      })
    })
  }

  deleteChild(id: string): Promise<void> {
    return this.#whileRunning(async () => {
      const slot = this.#find(id)
      if (slot.isWanted) throw childRunning(slot.path)
      await slot.child.stop()
      if (slot.isWanted) throw childRunning(slot.path)
      this.#slots.remove(slot)
    })
  }

  changeChild(id: string, start: ChangedActor): Promise<void> {
    return this.#whileRunning(async () => {
      const { child, path } = this.#find(id)
      await changeChild(child, path, start)
    })
  }

  #createSlot(spec: ChildSpec, isDynamic: boolean): Slot {
    const { restart = 'permanent', significant: isSignificant = false } = spec
    const id = idOf(spec)
    const path = `${this.path}/${id}`
    const onExit = (exit: Exit) => this.#onChildExit(slot, exit)
    const child = this.#createChild(spec, path, onExit)
    const isRestartable = restart !== 'temporary'
    const slot: Slot = {
      id,
      path,
      restart,
      child,
      isDynamic,
      isSignificant,
      isRestartable,
      isWanted: true,
      started: undefined,
      restartsInRow: 0,
      lastRestartMs: -Infinity,
    }
    return slot
  }

  #createChild({ start, shutdownMs = 5_000, thread = this.#thread }: ChildSpec, path: string, onExit: OnExit): Child {
    if (start.kind === 'supervisor') return new SupervisorNode(path, start, this.#runtime, onExit, thread)
    if (start.kind === 'actor') return new ActorCell(path, start, shutdownMs, this.#runtime, onExit)
    assert(thread !== undefined, `${path} has a thread, or it would not be valid`)
    return this.#runtime.threads.place(start, path, thread, shutdownMs, onExit)
  }

  get #threading(): Threading {
    return { threads: this.#runtime.threads.names, inherited: this.#thread }
  }

  #createLife(): Life {
    const end = new AbortController()
    const { strategy = 'oneForOne' } = this.#spec
    const giveUp = (slot: Slot) => this.#giveUp(slot)
    const restarter = createRestarter(strategy, () => this.#slots.all, giveUp, this.#runtime.clock, end.signal)
    const budget = new RestartBudget(this.#spec, this.#runtime)
    return { phase: 'starting', end, restarter, budget, earlyExits: [], down: undefined }
  }

  /** Starts a child for a caller, who is told if it fails; one that was added is then not kept. */
  async #startSlot(slot: Slot): Promise<void> {
    const started: NonNullable<Slot['started']> = { exit: undefined }
    this.#slots.setWanted(slot, true)
    slot.started = started
    const isUp = await slot.child.start()
    slot.started = undefined
    this.#slots.setWanted(slot, isUp)
    if (isUp) return started.exit && this.#onChildExit(slot, started.exit)
    if (this.#slots.has(slot)) this.#giveUp(slot)
    throw startFailed(slot.path, started.exit)
  }

  #onChildExit(slot: Slot, exit: Exit): void {
    const life = this.#life
    if (life === undefined || life.phase === 'stopping') return
    if (life.phase === 'starting') return void life.earlyExits.push({ slot, exit })
    if (slot.started !== undefined) return void (slot.started.exit = exit)
    if (!slot.isWanted || life.restarter.isStopping(slot)) return
    const error = errorOf(exit.reason)
    if (exit.isEscalated) return void this.#fail(life, error)
    if (!shouldRestart(slot.restart, exit.reason)) {
      this.#giveUp(slot)
      if (this.#isShutDownBy(slot)) void this.#shutDown(life)
      return
    }

    let readyAtMs = this.#runtime.clock.monotonicMs()
    if (exit.isCounted) {
      if (!life.budget.spend(exit.fault))
        return void this.#fail(life, life.budget.exceeded(this.path, slot.path, error))
      readyAtMs += life.budget.waitMs(slot)
    }
    life.restarter.restart(slot, readyAtMs)
  }

  /** Ends a child that is down and is not to be restarted. */
  #giveUp(slot: Slot): void {
    this.#slots.setWanted(slot, false)
    const isForgotten = slot.isDynamic && (slot.restart === 'temporary' || this.#spec.template !== undefined)
    if (isForgotten) this.#slots.remove(slot)
    else slot.child.end()
  }

  #isShutDownBy(slot: Slot): boolean {
    const { autoShutdown = 'never' } = this.#spec
    if (!slot.isSignificant || autoShutdown === 'never') return false
    return (
      autoShutdown === 'anySignificant' || this.#slots.all.every((other) => !other.isSignificant || !other.isWanted)
    )
  }

  /** Ends this life because its significant children are done. */
  async #shutDown(life: Life): Promise<void> {
    const reason: ExitReason = { kind: 'shutdown' }
    await this.#bringDown(life, reason)
    this.#onExit({ reason, isCounted: true, isEscalated: false })
  }

  /** Ends this life as a crash, over `error`, and leaves the rest to the parent. */
  async #fail(life: Life, error: unknown): Promise<void> {
    this.#runtime.emit({ type: 'supervisorEscalated', path: this.path, error })
    const reason: ExitReason = { kind: 'crashed', error }
    await this.#bringDown(life, reason)
    this.#onExit({ reason, isCounted: true, isEscalated: false })
  }

  #bringDown(life: Life, reason: ExitReason): Promise<void> {
    life.down ??= this.#stopChildren(life, reason)
    return life.down
  }

  async #stopChildren(life: Life, reason: ExitReason): Promise<void> {
    life.phase = 'stopping'
    life.end.abort()
    this.#group?.close()
    if (this.#spec.template === undefined) await stopInReverse(this.#slots.all)
    else await Promise.all(this.#slots.all.map(({ child }) => child.stop()))
    this.#slots.reset()
    this.#lastReason = reason
    this.#life = undefined
  }

  #find(id: string): Slot {
    const slot = this.#slots.find(id)
    if (slot === undefined) throw noChild(this.path, id)
    return slot
  }

  async #whileRunning<Result>(work: (life: Life) => Promise<Result>): Promise<Result> {
    this.#checkRuns(this.#life)
    return work(this.#life)
  }

  #checkRuns(life: Life | undefined): asserts life is Life {
    if (life?.phase === 'running') return
    throw supervisorDown(this.path, life?.phase ?? 'down')
  }
}
