import { type Clock, sleep, type Timer } from '../../../core/clock.ts'
import { nextFloat, type Random } from '../../../core/random.ts'
import { within } from '../../../core/within.ts'
import type { Logger } from '../../logs/logger.ts'
import type { OtlpAnswer, OtlpTarget } from './otlp-target.ts'
import { SpanQueue, type SpanRequest } from './span-queue.ts'

/** What became of the spans that were told, since the process began. */
export interface Exported {
  readonly sent: number
  /** There was no room for them, the collector has refused them, or it could not be reached. */
  readonly dropped: number
  /** Bytes of those that are still to be sent. */
  readonly queuedBytes: number
}

/** So long spans wait for others to be sent with, and so long a stop waits for the last ones, in milliseconds. */
const delayMs = 1_000
const flushMs = 1_000
/** Of a request that fails for now, with pauses between that double from one second on. */
const attemptsMax = 6
const firstPauseMs = 1_000
const pauseMsMax = 60_000
/** What goes wrong is told as often as that, in milliseconds. */
const toldEveryMs = 60_000

export interface SpanExporterParts {
  readonly target: Pick<OtlpTarget, 'origin' | 'send'>
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly app: string
}

/**
 * Sends spans to a collector: encoded ones come in, requests of OTLP go out, one at a time. Nobody waits for it, and
 * what it cannot get rid of in time is dropped and counted, so it never harms the program.
 *
 * @see OpenTelemetry, OTLP Specification: OTLP/HTTP Response, Failures, Throttling
 */
export class SpanExporter {
  readonly #parts: SpanExporterParts
  readonly #queue = new SpanQueue()
  #sent = 0
  #dropped = 0
  #timer: Timer | undefined
  #sending: Promise<void> | undefined
  /** Ends what is under way. */
  #ending = new AbortController()
  #toldMs = -Infinity
  #isFailing = false

  constructor(parts: SpanExporterParts) {
    this.#parts = parts
  }

  get exported(): Exported {
    return { sent: this.#sent, dropped: this.#dropped, queuedBytes: this.#queue.bytes }
  }

  /** Takes spans, so many of them, as fields of `ScopeSpans`, which it copies. */
  add(spans: Uint8Array, count: number): void {
    if (!this.#queue.add(spans, count)) return this.#drop(count, 'there is no room for more')
    if (this.#queue.hasFull) this.#send()
    else this.#timer ??= this.#parts.clock.setTimer({ afterMs: delayMs, background: true }, () => this.#send())
  }

  /** Sends what is there; resolves when that is done, or when it takes too long: then it is dropped. */
  async flush(): Promise<void> {
    this.#send()
    const isDone = await within(
      this.#parts.clock,
      flushMs,
      this.#sending?.then(() => true) ?? Promise.resolve(true),
      false,
    )
    if (isDone) return
    this.#ending.abort()
    await this.#sending
    this.#ending = new AbortController()
  }

  #send(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined))
  }

  async #sendAll(): Promise<void> {
    for (let request = this.#queue.take(); request !== undefined; request = this.#queue.take()) {
      await this.#deliver(request)
      this.#queue.done(request)
    }
  }

  async #deliver(request: SpanRequest): Promise<void> {
    const { signal } = this.#ending
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#parts.target.send(request, signal)
      if (answer.kind === 'taken') return this.#taken(request.count, answer)
      if (answer.kind === 'refused' || attempt === attemptsMax || signal.aborted)
        return this.#drop(request.count, answer.cause)
      this.#tell(answer.cause)
      await this.#pause(attempt, answer.afterMs)
    }
  }

  #taken(count: number, { rejected = 0, cause = '' }: OtlpAnswer & { kind: 'taken' }): void {
    this.#sent += count - rejected
    if (rejected > 0) return this.#drop(rejected, cause)
    if (this.#isFailing) this.#parts.logger.info({ app: this.#parts.app }, 'spans are exported again')
    this.#isFailing = false
    this.#toldMs = -Infinity
  }

  /** Waits as long as the collector says, else for twice as long as before, and some more or less. */
  async #pause(attempt: number, afterMs: number | undefined): Promise<void> {
    const { clock, random } = this.#parts
    const { signal } = this.#ending
    const growing = firstPauseMs * 2 ** (attempt - 1) * (0.8 + 0.4 * nextFloat(random))
    await sleep(clock, Math.min(pauseMsMax, afterMs ?? growing), signal, { background: true }).catch(() => {})
  }

  #drop(count: number, cause: string): void {
    this.#dropped += count
    this.#tell(cause)
  }

  #tell(cause: string): void {
    const { clock, logger, app, target } = this.#parts
    this.#isFailing = true
    if (clock.monotonicMs() - this.#toldMs < toldEveryMs) return
    this.#toldMs = clock.monotonicMs()
    const facts = { app, endpoint: target.origin, dropped: this.#dropped }
    logger.warn(facts, `spans are not exported: ${cause}`)
  }
}
