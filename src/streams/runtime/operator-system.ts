import {
  type ActorSystem,
  type ExitReason,
  startSystem,
  type SupervisorSnapshot,
  type SystemEvent,
} from '../../actors/index.ts'
import { MillraceError } from '../../core/errors.ts'
import { within } from '../../core/within.ts'
import type { BrokerWaits } from '../../kafka/index.ts'
import type { Life } from './life.ts'
import type { CorrelateMessage, SourceMessage } from './messages.ts'
import { rootCause } from './root-cause.ts'
import { supervisionTree, type TreeParts } from './supervision-tree.ts'

/** Time for the actors to stop once all that was on its way is committed or given up. */
const stopMsMax = 2_000

export interface OperatorSystemOptions {
  readonly waits: BrokerWaits
  readonly onEvent: (event: SystemEvent) => void
  /** Stops the operators at once. */
  readonly signal: AbortSignal
}

/** The operators of an active process at work, from their start to their end. */
export class OperatorSystem {
  readonly #parts: TreeParts
  readonly #waits: BrokerWaits
  readonly #system: ActorSystem
  /** Resolves when actors that do not stop are waited for no longer. */
  readonly #givenUp = Promise.withResolvers<ExitReason>()
  /** In which all that was on its way has been committed. */
  #finishedLife: Life | undefined
  #hasStopped = false

  private constructor(parts: TreeParts, system: ActorSystem, { waits, signal }: OperatorSystemOptions) {
    this.#parts = parts
    this.#waits = waits
    this.#system = system
    signal.addEventListener('abort', () => void this.halt(0), { once: true })
  }

  /** Rejects with what the first start of an operator failed with. */
  static async start(parts: TreeParts, options: OperatorSystemOptions): Promise<OperatorSystem> {
    const { plan, clock } = parts.services
    const { onEvent, signal } = options
    const tree = supervisionTree(parts)
    const system = await startSystem({ name: plan.name, ...tree, clock, onEvent, signal }).catch((error: unknown) => {
      throw rootCause(error)
    })
    return new OperatorSystem(parts, system, options)
  }

  /** Resolves when the operators have been stopped, or given up; rejects with what supervisors could not mend. */
  async ended(): Promise<void> {
    const reason = await Promise.race([this.#system.done, this.#givenUp.promise])
    if (reason.kind === 'crashed') throw rootCause(reason.error)
  }

  /** Whether all that was on its way is committed, and all actors have stopped since: no transaction is open. */
  get isSettled(): boolean {
    // A restart begins to read again.
    return this.#hasStopped && this.#finishedLife === this.#parts.session.lives.current
  }

  /** The supervision tree at this moment. */
  snapshot(): SupervisorSnapshot {
    return this.#system.snapshot()
  }

  /**
   * Source first, then what is on its way, then the last epoch: all within `drainMs`, and as long as brokers answer.
   *
   * @param signal - Gives up.
   * @returns The milliseconds that are left for `halt`.
   */
  async finish(signal: AbortSignal): Promise<number> {
    const { plan, options, clock, logger } = this.#parts.services
    const endMs = clock.monotonicMs() + options.drainMs
    const overtime = new AbortController()
    const giveUp = AbortSignal.any([overtime.signal, signal])
    const timer = clock.setTimer({ afterMs: options.drainMs }, () => {
      overtime.abort(new MillraceError('APP_STOPPED', `"${plan.name}" did not drain within ${options.drainMs} ms`))
    })
    try {
      await Promise.race([this.#finishEpoch(), aborted(giveUp), this.#system.done, this.#untilWaiting()])
    } catch (error) {
      logger.warn({ app: plan.name, err: error }, 'stopped before everything on its way was committed')
    }
    timer.cancel()
    return giveUp.aborted ? 0 : Math.max(0, endMs - clock.monotonicMs())
  }

  /**
   * Stops the actors. Nobody waits for one that does not stop: a function that never answers, an epoch that no broker
   * takes.
   */
  async halt(drainMs: number): Promise<void> {
    const { plan, clock, logger } = this.#parts.services
    const stopped = this.#system.stop({ drainMs }).then(() => true)
    this.#hasStopped = await within(clock, drainMs + stopMsMax, stopped, false)
    if (this.#hasStopped) return
    logger.warn({ app: plan.name }, 'leaving the group before all actors have stopped')
    this.#givenUp.resolve({ kind: 'killed' })
  }

  async #finishEpoch(): Promise<void> {
    const { services, session } = this.#parts
    const { plan, options } = services
    const timeoutMs = options.drainMs
    await this.#system.ref<SourceMessage>(plan.readerId).ask({ type: 'halt' }, { timeoutMs })
    const { current: life } = session.lives
    await life.rowBatches.whenIdle()
    await this.#system.ref<CorrelateMessage>(plan.correlate.id).ask({ type: 'drain' }, { timeoutMs })
    this.#finishedLife = life
  }

  /** Rejects when brokers are waited for: what is on its way would stay so. */
  async #untilWaiting(): Promise<never> {
    await this.#waits.whenWaiting()
    const { name } = this.#parts.services.plan
    throw new MillraceError('APP_STOPPED', `"${name}" was stopped while it waited for Kafka`)
  }
}

/** Rejects when a signal aborts, with its reason. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
