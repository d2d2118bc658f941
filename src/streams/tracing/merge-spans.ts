import { type CarryingPart, PUBLISHED } from '../../kernel/index.ts'
import type { ClosingEpoch, EpochParticipant } from '../epochs/epoch-participant.ts'
import { MergeSpan, type MergeSpanNames } from './merge-span.ts'
import type { TracedSpan } from './open-telemetry-tracer.ts'
import { carriedOn } from './trace-context.ts'
import type { Tracing } from './tracing.ts'

/** Spans of an epoch, which are in memory until it has committed; further merges of it have none. */
export const spansPerEpochMax = 10_000

/**
 * The spans of merges. They begin as their record is published, so it can carry them on, and end when its epoch has
 * committed: a tracer is told of what ends, so merges that are taken back have none.
 *
 * State: the spans of the closed epoch and of the current one; nothing that a start needs.
 */
export class MergeSpans implements EpochParticipant {
  readonly #tracing: Tracing
  readonly #app: string
  readonly #spans: MergeSpan
  /** Of the merge that is being published. */
  #open: TracedSpan | undefined
  #current: TracedSpan[] = []
  #closed: TracedSpan[] = []
  #epoch = 0
  #hasFailed = false

  constructor(tracing: Tracing, names: MergeSpanNames) {
    this.#tracing = tracing
    this.#app = names.plan.name
    this.#spans = new MergeSpan(names)
  }

  /** A merge of these parts is about to be published. */
  begin(parts: readonly CarryingPart[]): void {
    const { tracer, clock } = this.#tracing
    this.#open = undefined
    if (this.#current.length === spansPerEpochMax) return
    this.#ask(() => (this.#open = this.#spans.begin(tracer, parts, clock)))
  }

  /** What the record of that merge carries on; undefined where it has no span. */
  get carried(): Uint8Array | undefined {
    return this.#open && carriedOn(this.#open.spanContext())
  }

  /** What has become of that merge. */
  end(outcome: number): void {
    if (this.#open !== undefined && outcome === PUBLISHED) this.#current.push(this.#open)
    this.#open = undefined
  }

  close({ number }: ClosingEpoch): void {
    this.#epoch = number
    this.#closed = this.#current
    this.#current = []
  }

  commit(): void {
    const time = new Date(this.#tracing.clock.nowMs())
    this.#ask(() => {
      for (const span of this.#closed) {
        span.setAttribute('millrace.epoch', this.#epoch)
        span.end(time)
      }
    })
    this.#closed = []
  }

  rollback(): void {
    this.#open = undefined
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
      this.#tracing.logger.error({ app: this.#app, err }, 'the tracer has failed: no more spans until the next start')
    }
  }
}
