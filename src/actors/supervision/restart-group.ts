import type { Clock } from '../../core/clock.ts'
import type { Child } from './child.ts'
import type { Strategy } from './supervisor.ts'

export interface Member {
  readonly child: Child
  /** Whether it comes back after having been stopped with the others. */
  readonly isRestartable: boolean
  /** Whether it is up or is to come up: not when it ended for good or was terminated. */
  isWanted: boolean
}

/** Restarts children by a strategy. */
export interface Restarter<Each extends Member> {
  /** Restarts what the strategy says when `member` is down, at `readyAtMs` of the monotonic clock. */
  restart(member: Each, readyAtMs: number): void
  /** Whether `member` is being stopped for a restart, so that it is no news when it is down. */
  isStopping(member: Each): boolean
  /** Runs what starts `member`, or adds one, while no restart concerns it. Restarts that are due meanwhile follow. */
  between<Result>(member: Each | undefined, work: () => Promise<Result>): Promise<Result>
  /** Does not wait for a backoff when nobody is left who is to be restarted after it. */
  withdraw(member: Each): void
}

/**
 * @param members - Tells the members of the moment, in the order of their start.
 * @param giveUp - Ends a member that is down and does not come back.
 * @param signal - Ends all restarts when it aborts.
 */
export function createRestarter<Each extends Member>(
  strategy: Strategy,
  members: () => readonly Each[],
  giveUp: (member: Each) => void,
  clock: Clock,
  signal: AbortSignal,
): Restarter<Each> {
  if (strategy === 'oneForOne') return new EachAlone(giveUp, clock, signal)
  const group = new RestartGroup(members, giveUp, clock, signal)
  return {
    restart: (member, readyAtMs) =>
      group.request(strategy === 'oneForAll' ? members() : members().slice(members().indexOf(member)), readyAtMs),
    isStopping: (member) => group.isStopping(member),
    between: (_, work) => group.between(work),
    withdraw: () => group.withdraw(),
  }
}

/** Stops children one after the other, the last first. */
export async function stopInReverse(members: readonly Member[]): Promise<void> {
  for (const { child } of members.toReversed()) await child.stop()
}

/**
 * Restarts each member by itself. Only those whose restart is under way have a group, so that the others cost nothing.
 */
class EachAlone<Each extends Member> implements Restarter<Each> {
  readonly #groups = new Map<Each, RestartGroup<Each>>()
  readonly #giveUp: (member: Each) => void
  readonly #clock: Clock
  readonly #signal: AbortSignal

  constructor(giveUp: (member: Each) => void, clock: Clock, signal: AbortSignal) {
    this.#giveUp = giveUp
    this.#clock = clock
    this.#signal = signal
  }

  restart(member: Each, readyAtMs: number): void {
    let group = this.#groups.get(member)
    if (group === undefined) {
      group = new RestartGroup(
        () => [member],
        this.#giveUp,
        this.#clock,
        this.#signal,
        () => this.#groups.delete(member),
      )
      this.#groups.set(member, group)
    }
    group.request([member], readyAtMs)
  }

  isStopping(): boolean {
    return false
  }

  between<Result>(member: Each | undefined, work: () => Promise<Result>): Promise<Result> {
    const group = member && this.#groups.get(member)
    return group === undefined ? work() : group.between(work)
  }

  withdraw(member: Each): void {
    this.#groups.get(member)?.withdraw()
  }
}

/**
 * Children that are restarted together: they stop in reverse order, wait, and start in order. There is one restart at
 * a time, so that no child lives twice; a request that arrives meanwhile widens the restart and begins it anew.
 */
class RestartGroup<Each extends Member> {
  readonly #members: () => readonly Each[]
  readonly #giveUp: (member: Each) => void
  readonly #clock: Clock
  readonly #signal: AbortSignal
  readonly #onIdle: () => void
  readonly #affected = new Set<Each>()
  #readyAtMs = 0
  #requests = 0
  #handledRequests = 0
  #phase: 'idle' | 'stopping' | 'starting' = 'idle'
  #idle: PromiseWithResolvers<void> | undefined
  #endWait: (() => void) | undefined

  constructor(
    members: () => readonly Each[],
    giveUp: (member: Each) => void,
    clock: Clock,
    signal: AbortSignal,
    onIdle: () => void = () => {},
  ) {
    this.#members = members
    this.#giveUp = giveUp
    this.#clock = clock
    this.#signal = signal
    this.#onIdle = onIdle
  }

  /** Restarts `members`, also those that had been terminated, as OTP does. */
  request(members: readonly Each[], readyAtMs: number): void {
    for (const member of members) {
      if (member.isRestartable) member.isWanted = true
      this.#affected.add(member)
    }
    this.#readyAtMs = Math.max(this.#readyAtMs, readyAtMs)
    this.#requests++
    if (this.#phase === 'idle') void this.#restart()
  }

  isStopping(member: Each): boolean {
    return this.#phase === 'stopping' && this.#affected.has(member)
  }

  async between<Result>(work: () => Promise<Result>): Promise<Result> {
    while (this.#phase !== 'idle') {
      this.#idle ??= Promise.withResolvers()
      await this.#idle.promise
    }
    this.#phase = 'starting'
    try {
      return await work()
    } finally {
      if (this.#requests === this.#handledRequests || this.#signal.aborted) this.#rest()
      else void this.#restart()
    }
  }

  withdraw(): void {
    if (!this.#isWanted()) this.#endWait?.()
  }

  #isWanted(): boolean {
    return [...this.#affected].some(({ isWanted }) => isWanted)
  }

  async #restart(): Promise<void> {
    do {
      this.#handledRequests = this.#requests
      this.#phase = 'stopping'
      await stopInReverse(this.#members().filter((member) => this.#affected.has(member)))
      await this.#waitUntilReady()
      this.#phase = 'starting'
      await this.#startAffected()
    } while (this.#requests !== this.#handledRequests && !this.#signal.aborted)
    this.#rest()
  }

  async #startAffected(): Promise<void> {
    for (const member of this.#members().filter((each) => this.#affected.has(each))) {
      if (this.#signal.aborted || this.#requests !== this.#handledRequests) return
      if (member.isWanted && member.isRestartable) await member.child.start()
      else this.#giveUp(member)
      if (this.#requests === this.#handledRequests) this.#affected.delete(member)
    }
  }

  #rest(): void {
    this.#affected.clear()
    this.#phase = 'idle'
    this.#onIdle()
    this.#idle?.resolve()
    this.#idle = undefined
  }

  readonly #onAbort = (): void => this.#endWait?.()

  async #waitUntilReady(): Promise<void> {
    const waitMs = this.#readyAtMs - this.#clock.monotonicMs()
    if (waitMs <= 0 || this.#signal.aborted || !this.#isWanted()) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = this.#clock.setTimer({ afterMs: waitMs }, resolve)
    this.#signal.addEventListener('abort', this.#onAbort)
    this.#endWait = resolve
    await promise
    this.#signal.removeEventListener('abort', this.#onAbort)
    timer.cancel()
    this.#endWait = undefined
  }
}
