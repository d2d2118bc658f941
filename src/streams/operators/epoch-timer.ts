import type { Timer } from '../../core/clock.ts'
import type { EpochDoubt } from '../poison/epoch-doubt.ts'
import type { Session } from '../recovery/session.ts'
import type { Life } from '../runtime/life.ts'
import type { Services } from '../runtime/services.ts'
import type { Outputs } from './outputs.ts'

/** How often an epoch that is in doubt is looked at. */
const doubtPollMs = 50

export interface EpochTimerParts {
  readonly clock: Services['clock']
  readonly session: Pick<Session, 'schedule'>
  readonly life: Pick<Life, 'rowBatches' | 'partitionsBehind'>
  readonly outputs: Pick<Outputs, 'openBytes'>
  readonly doubt: EpochDoubt
  /** Those who look at rows now and then, each with the milliseconds until it does next, or none. */
  readonly polls: () => readonly (number | undefined)[]
  readonly onTick: () => void
}

/**
 * Says whether the current epoch is due, and when to look again. State: the timer that is set, and whether there was
 * more to read when it was set; whether rows wait for the end of the epoch.
 */
export class EpochTimer {
  readonly #parts: EpochTimerParts
  #timer: Timer | undefined
  #wasBehind = false
  #isWaiting = false
  #isAwaited = false

  constructor(parts: EpochTimerParts) {
    this.#parts = parts
  }

  get roomBytes(): number {
    const { session, outputs } = this.#parts
    return session.schedule.roomBytes(outputs.openBytes)
  }

  get isInDoubt(): boolean {
    const { doubt, outputs, life } = this.#parts
    return doubt.isPossible && doubt.isOpen(outputs.openBytes, this.#isAwaited || life.rowBatches.isIdle)
  }

  /**
   * Rows wait for the end of the epoch, so that no more come into it. Returns whether it may end now; else that is
   * looked at again, and the doubt ends as it does where nothing is on its way.
   */
  mayEnd(): boolean {
    this.#isAwaited = true
    if (!this.isInDoubt) return true
    this.arm()
    return false
  }

  /** @param isDraining - Whether somebody waits for its end. */
  isDue(isDraining: boolean): boolean {
    const { session, clock, outputs } = this.#parts
    const { schedule } = session
    if (this.isInDoubt) return false
    if (isDraining && schedule.isOpen && !schedule.isCommitting) return true
    return schedule.isDue(clock.monotonicMs(), outputs.openBytes, this.#isAllRead)
  }

  /** The current epoch has something in it. */
  open(): void {
    const { session, clock } = this.#parts
    const { schedule } = session
    const wasOpen = schedule.isOpen
    this.#isAwaited = false
    schedule.open(clock.monotonicMs())
    if (wasOpen && this.#wasBehind === this.#isBehind) return
    // While none was open it looked only now and then, and while there was more to read, at the end of its time.
    this.disarm()
    this.arm()
  }

  /**
   * Looks again when the epoch could be due at the earliest, or rows could expire or memory be given back without one;
   * while one is being committed, its end looks anyway.
   */
  arm(): void {
    const { session, clock, polls, onTick } = this.#parts
    const { schedule } = session
    if (schedule.isCommitting || this.#timer !== undefined) return
    this.#wasBehind = this.#isBehind
    if (!this.#wasBehind) this.#lookWhenIdle()
    const dueInMs = this.isInDoubt ? doubtPollMs : schedule.dueInMs(clock.monotonicMs(), this.#isAllRead)
    const afterMs = dueInMs ?? Math.min(...polls().map((ms) => ms ?? Infinity))
    if (afterMs === Infinity) return
    this.#timer = clock.setTimer({ afterMs: Math.max(1, afterMs) }, onTick)
  }

  disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** It cannot be due early while rows are on their way, which may take as long as functions do. */
  #lookWhenIdle(): void {
    const { rowBatches } = this.#parts.life
    if (this.#isWaiting || rowBatches.isIdle) return
    this.#isWaiting = true
    void rowBatches.whenIdle().then(() => {
      this.#isWaiting = false
      if (this.#timer === undefined) return
      this.disarm()
      this.arm()
    })
  }

  get #isBehind(): boolean {
    return !this.#parts.life.partitionsBehind.areNone
  }

  /** Whether nothing is on its way, and nothing more is known to come. */
  get #isAllRead(): boolean {
    return this.#parts.life.rowBatches.isIdle && !this.#isBehind
  }
}
