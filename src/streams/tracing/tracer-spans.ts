import { PUBLISHED, readTracedMerges } from '../../kernel/index.ts'
import type { Clock } from '../../core/clock.ts'
import type { ClosingEpoch } from '../epochs/epoch-participant.ts'
import type { Logger } from '../logs/logger.ts'
import { MergeSpan, type MergeSpanNames } from './merge-span.ts'
import { type MergeSpans, spansPerEpochMax } from './merge-spans.ts'
import type { OpenTelemetryTracer, TracedSpan } from './open-telemetry-tracer.ts'
import { carriedOn } from './trace-context.ts'

/** Who is told, and when it is. */
export interface TracerParts {
  readonly tracer: OpenTelemetryTracer
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Spans of merges for a tracer of the user's, who is told of what ends.
 *
 * State: the spans of the closed epoch and of the current one; nothing that a start needs.
 */
export class TracerSpans implements MergeSpans {
  readonly #parts: TracerParts
  readonly #app: string
  readonly #spans: MergeSpan
  /** Of the merges that are being published. */
  #open: TracedSpan[] = []
  #current: TracedSpan[] = []
  #closed: TracedSpan[] = []
  #epoch = 0
  #hasFailed = false

  constructor(parts: TracerParts, names: MergeSpanNames) {
    this.#parts = parts
    this.#app = names.plan.name
    this.#spans = new MergeSpan(names)
  }

  begin(merges: Uint8Array): void {
    const { tracer, clock } = this.#parts
    this.#open = []
    for (const parts of readTracedMerges(merges)) {
      if (this.#current.length + this.#open.length === spansPerEpochMax) return
      this.#ask(() => {
        const span = this.#spans.begin(tracer, parts, clock)
        if (span !== undefined) this.#open.push(span)
      })
    }
  }

  get carried(): Uint8Array | undefined {
    const [span] = this.#open
    return span && carriedOn(span.spanContext())
  }

  end(outcome: number): void {
    if (outcome === PUBLISHED) this.#current.push(...this.#open)
    this.#open = []
  }

  close({ number }: ClosingEpoch): void {
    this.#epoch = number
    this.#closed = this.#current
    this.#current = []
  }

  commit(): void {
    const time = new Date(this.#parts.clock.nowMs())
    this.#ask(() => {
      for (const span of this.#closed) {
        span.setAttribute('millrace.epoch', this.#epoch)
        span.end(time)
      }
    })
    this.#closed = []
  }

  rollback(): void {
    this.#open = []
    this.#current = []
    this.#closed = []
  }

  /** A tracer that fails is not asked again; it never harms the program. */
  #ask(request: () => void): void {
    if (this.#hasFailed) return
    try {
      request()
    } catch (err) {
      this.#hasFailed = true
      this.#parts.logger.error({ app: this.#app, err }, 'the tracer has failed: no more spans until the next start')
    }
  }
}
