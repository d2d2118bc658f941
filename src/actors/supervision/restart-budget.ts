import { ActorError } from '../../core/errors.ts'
import type { Runtime } from '../system/runtime.ts'
import { backoffMs, withRestart } from './restart-policy.ts'
import type { Slot } from './slot.ts'
import type { SupervisorOptions } from './supervisor.ts'

/** How often one life of a supervisor may restart its children, and how long a restart waits. */
export class RestartBudget {
  readonly #options: SupervisorOptions
  readonly #runtime: Runtime
  readonly #maxRestarts: number
  readonly #withinMs: number
  #restartsMs: readonly number[] = []
  #lastFault: object | undefined

  constructor(options: SupervisorOptions, runtime: Runtime) {
    this.#options = options
    this.#runtime = runtime
    this.#maxRestarts = options.maxRestarts ?? 3
    this.#withinMs = options.withinMs ?? 5_000
  }

  /**
   * Enters one more restart, and tells whether it is within the limit.
   *
   * @param fault - What may have ended other children too: the first one enters it for all.
   */
  spend(fault: object | undefined): boolean {
    if (fault !== undefined && fault === this.#lastFault) return true
    this.#lastFault = fault ?? this.#lastFault
    this.#restartsMs = withRestart(this.#restartsMs, this.#runtime.clock.monotonicMs(), this.#withinMs)
    return this.#restartsMs.length <= this.#maxRestarts
  }

  /** How long the restart of a child that has just ended waits. */
  waitMs(slot: Slot): number {
    const { backoff } = this.#options
    if (backoff === undefined) return 0
    const nowMs = this.#runtime.clock.monotonicMs()
    slot.restartsInRow = nowMs - slot.lastRestartMs > this.#withinMs ? 0 : slot.restartsInRow + 1
    const waitMs = backoffMs(backoff, slot.restartsInRow, this.#runtime.random)
    slot.lastRestartMs = nowMs + waitMs
    return waitMs
  }

  /** Says which limit the end of a child went over. */
  exceeded(supervisorPath: string, child: string, cause: unknown): ActorError {
    const limits = { maxRestarts: this.#maxRestarts, withinMs: this.#withinMs }
    const allowed = `${limits.maxRestarts} restarts within ${limits.withinMs} ms`
    const message = `${supervisorPath} allows ${allowed}, and ${child} ended once more; see the cause`
    return new ActorError('ACTOR_RESTARTS_EXCEEDED', message, { path: supervisorPath, child, ...limits }, cause)
  }
}
