import type { Clock } from '../core/clock.ts'

/** As `quota.window.num` 2 and `quota.window.size.seconds` 1: rates are of the current second and the one before. */
const sampleMs = 1_000
/** Clients that have a quota. */
const clientsMax = 1_000

/** Bytes that a client has produced in a second, and when that began. */
interface Sample {
  readonly startMs: number
  bytes: number
}

/**
 * How many bytes per second clients may produce. Who produces more is told to wait until that rate is what it may be,
 * and is not listened to for so long.
 *
 * @see KIP-13, KIP-219
 */
export class ProduceQuotas {
  readonly #clock: Clock
  readonly #bytesPerSecond = new Map<string, number>()
  readonly #samples = new Map<string, Sample[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * @param bytesPerSecond - Absent where the client may produce as much as it likes.
   * @returns Whether there was room for it.
   */
  set(clientId: string, bytesPerSecond: number | undefined): boolean {
    this.#samples.delete(clientId)
    if (bytesPerSecond === undefined) this.#bytesPerSecond.delete(clientId)
    else if (this.#bytesPerSecond.size < clientsMax || this.#bytesPerSecond.has(clientId)) {
      this.#bytesPerSecond.set(clientId, bytesPerSecond)
    } else return false
    return true
  }

  /** Takes note of what a client has produced, and returns for how long it is not listened to, in milliseconds. */
  record(clientId: string, bytes: number): number {
    const quota = this.#bytesPerSecond.get(clientId)
    if (quota === undefined) return 0
    const nowMs = this.#clock.monotonicMs()
    const samples = (this.#samples.get(clientId) ?? []).filter(({ startMs }) => nowMs - startMs < 2 * sampleMs)
    this.#samples.set(clientId, samples)
    let current = samples.at(-1)
    if (current === undefined || nowMs - current.startMs >= sampleMs) {
      samples.push((current = { startMs: nowMs, bytes: 0 }))
    }
    current.bytes += bytes
    const total = samples.reduce((sum, sample) => sum + sample.bytes, 0)
    const windowMs = Math.max(sampleMs, nowMs - samples[0]!.startMs)
    // Of a longer window the same bytes would be no more than what is allowed.
    return Math.max(0, Math.round((total / quota) * 1_000 - windowMs))
  }
}
