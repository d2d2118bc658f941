import { assert } from '../../core/assert.ts'
import { ActorError } from '../../core/errors.ts'
import { ActorCell } from '../actor/actor-cell.ts'
import type { Child, OnExit } from './child.ts'
import type { Exit } from './exit-reason.ts'
import { createRestarter, type Restarter, stopInReverse } from './restart-group.ts'
import { backoffMs, type RestartType, shouldRestart, withRestart } from './restart-policy.ts'
import type { Runtime } from '../system/runtime.ts'
import type { SupervisorSnapshot } from '../system/snapshot.ts'
import type { ChildSpec, SupervisorSpec } from './supervisor.ts'

interface Slot {
  readonly path: string
  readonly restart: RestartType
  readonly child: Child
  /** Restarts after each of which the child stayed up for less than `withinMs`: the exponent of the backoff. */
  restartsInRow: number
  /** When the latest of them was due, in milliseconds of the monotonic clock. */
  lastRestartMs: number
}

/** One life of a supervisor, from its start until its children are down. */
interface Life {
  phase: 'starting' | 'running' | 'stopping'
  /** Aborts when the end begins. */
  readonly end: AbortController
  readonly restarter: Restarter
  /** Exits of children while others were still starting. */
  readonly earlyExits: { slot: Slot; exit: Exit }[]
  /** When the restarts that count against the intensity were, in milliseconds of the monotonic clock. */
  restartsMs: readonly number[]
  /** Resolves when the children are down, once the end has begun. */
  down: Promise<void> | undefined
}

/** Keeps its children running: restarts them by strategy, and fails when they crash too often. */
export class SupervisorNode implements Child {
  readonly path: string
  readonly #spec: SupervisorSpec
  readonly #runtime: Runtime
  readonly #onExit: OnExit
  readonly #slots: readonly Slot[]
  readonly #maxRestarts: number
  readonly #withinMs: number
  #life: Life | undefined

  constructor(path: string, spec: SupervisorSpec, runtime: Runtime, onExit: OnExit) {
    this.path = path
    this.#spec = spec
    this.#runtime = runtime
    this.#onExit = onExit
    this.#maxRestarts = spec.maxRestarts ?? 3
    this.#withinMs = spec.withinMs ?? 5_000
    this.#slots = spec.children.map((child) => this.#createSlot(child))
  }

  async start(): Promise<boolean> {
    assert(this.#life === undefined, `${this.path} has one live incarnation at most`)
    const life = this.#createLife()
    this.#life = life
    for (const { child, path } of this.#slots) {
      const isUp = await child.start()
      if (life.end.signal.aborted) return false
      if (isUp) continue
      const reason = life.earlyExits.findLast(({ slot }) => slot.child === child)?.exit.reason
      const cause = reason?.kind === 'crashed' ? reason.error : undefined
      const message = `${path} failed to start; see the cause`
      await this.#fail(life, new ActorError('ACTOR_START_FAILED', message, { path }, cause))
      return false
    }
    life.phase = 'running'
    for (const { slot, exit } of life.earlyExits.splice(0)) this.#onChildExit(slot, exit)
    return true
  }

  stop(): Promise<void> {
    const life = this.#life
    if (life === undefined) return Promise.resolve()
    return this.#bringDown(life)
  }

  end(): void {
    for (const { child } of this.#slots) child.end()
  }

  inspect(): SupervisorSnapshot {
    return {
      kind: 'supervisor',
      path: this.path,
      status: this.#life?.phase ?? 'down',
      children: this.#slots.map(({ child }) => child.inspect()),
    }
  }

  #createSlot({ id, start, restart, shutdownMs }: ChildSpec): Slot {
    const path = `${this.path}/${id ?? start.name}`
    const onExit = (exit: Exit) => this.#onChildExit(slot, exit)
    const child =
      start.kind === 'supervisor'
        ? new SupervisorNode(path, start, this.#runtime, onExit)
        : new ActorCell(path, start, shutdownMs ?? 5_000, this.#runtime, onExit)
    const slot: Slot = { path, restart: restart ?? 'permanent', child, restartsInRow: 0, lastRestartMs: -Infinity }
    return slot
  }

  #createLife(): Life {
    const end = new AbortController()
    const members = this.#slots.map(({ child, restart }) => ({ child, isRestartable: restart !== 'temporary' }))
    const restarter = createRestarter(this.#spec.strategy ?? 'oneForOne', members, this.#runtime.clock, end.signal)
    return { phase: 'starting', end, restarter, earlyExits: [], restartsMs: [], down: undefined }
  }

  #onChildExit(slot: Slot, exit: Exit): void {
    const life = this.#life
    if (life === undefined || life.phase === 'stopping') return
    if (life.phase === 'starting') return void life.earlyExits.push({ slot, exit })
    const index = this.#slots.indexOf(slot)
    if (life.restarter.isStopping(index)) return
    const error = exit.reason.kind === 'crashed' ? exit.reason.error : undefined
    if (exit.isEscalated) return void this.#fail(life, error)
    if (!shouldRestart(slot.restart, exit.reason)) return slot.child.end()

    const nowMs = this.#runtime.clock.monotonicMs()
    let readyAtMs = nowMs
    if (exit.isCounted) {
      life.restartsMs = withRestart(life.restartsMs, nowMs, this.#withinMs)
      if (life.restartsMs.length > this.#maxRestarts) return void this.#fail(life, this.#restartsExceeded(slot, error))
      readyAtMs += this.#backoffMs(slot, nowMs)
    }
    life.restarter.restart(index, readyAtMs)
  }

  #backoffMs(slot: Slot, nowMs: number): number {
    const { backoff } = this.#spec
    if (backoff === undefined) return 0
    slot.restartsInRow = nowMs - slot.lastRestartMs > this.#withinMs ? 0 : slot.restartsInRow + 1
    const waitMs = backoffMs(backoff, slot.restartsInRow, this.#runtime.random)
    slot.lastRestartMs = nowMs + waitMs
    return waitMs
  }

  #restartsExceeded({ path }: Slot, cause: unknown): ActorError {
    const details = { path: this.path, child: path, maxRestarts: this.#maxRestarts, withinMs: this.#withinMs }
    const limit = `${this.#maxRestarts} restarts within ${this.#withinMs} ms`
    const message = `${this.path} allows ${limit}, and ${path} ended once more; see the cause`
    return new ActorError('ACTOR_RESTARTS_EXCEEDED', message, details, cause)
  }

  /** Ends this life as a crash, over `error`, and leaves the rest to the parent. */
  async #fail(life: Life, error: unknown): Promise<void> {
    this.#runtime.emit({ type: 'supervisorEscalated', path: this.path, error })
    await this.#bringDown(life)
    this.#onExit({ reason: { kind: 'crashed', error }, isCounted: true, isEscalated: false })
  }

  #bringDown(life: Life): Promise<void> {
    life.down ??= this.#stopChildren(life)
    return life.down
  }

  async #stopChildren(life: Life): Promise<void> {
    life.phase = 'stopping'
    life.end.abort()
    await stopInReverse(this.#slots.map(({ child }) => child))
    this.#life = undefined
  }
}
