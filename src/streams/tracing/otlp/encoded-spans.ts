import type { Clock } from '../../../core/clock.ts'
import { type Random, seededRandom } from '../../../core/random.ts'
import { type CarryingPart, PUBLISHED } from '../../../kernel/index.ts'
import type { ClosingEpoch } from '../../epochs/epoch-participant.ts'
import type { MergeSpanNames } from '../merge-span.ts'
import { type MergeSpans, spansPerEpochMax } from '../merge-spans.ts'
import { carriedOn } from '../trace-context.ts'
import { PartTemplates } from './part-templates.ts'
import { SpanEncoder } from './span-encoder.ts'
import type { SpanExporter } from './span-exporter.ts'

/**
 * Spans of merges for the exporter: bytes from the moment at which the record is published.
 *
 * State: the spans of the closed epoch and of the current one, each in memory that the other one has next; nothing that
 * a start needs.
 */
export class EncodedSpans implements MergeSpans {
  readonly #exporter: Pick<SpanExporter, 'add'>
  readonly #clock: Clock
  #current: EpochSpans
  #closed: EpochSpans
  #hasOpen = false
  #epoch = 0

  constructor(exporter: Pick<SpanExporter, 'add'>, names: MergeSpanNames, clock: Clock, random: Random) {
    // Ids have to be told apart, and nobody has to be kept from guessing them.
    const ids = seededRandom(random.nextUint32())
    this.#exporter = exporter
    this.#clock = clock
    const parts = new PartTemplates(names)
    this.#current = new EpochSpans(new SpanEncoder(names, ids, parts))
    this.#closed = new EpochSpans(new SpanEncoder(names, ids, parts))
  }

  begin(parts: readonly CarryingPart[]): void {
    const { encoder, ends } = this.#current
    this.#hasOpen = ends.length < spansPerEpochMax && encoder.encode(parts, this.#nowMs)
  }

  get carried(): Uint8Array | undefined {
    return this.#hasOpen ? carriedOn(this.#current.encoder.spanContext) : undefined
  }

  end(outcome: number): void {
    if (this.#hasOpen) this.#current.end(outcome === PUBLISHED)
    this.#hasOpen = false
  }

  close({ number }: ClosingEpoch): void {
    this.#epoch = number
    const closed = this.#current
    this.#current = this.#closed
    this.#closed = closed
  }

  commit(): void {
    const { encoder, ends } = this.#closed
    const { bytes } = encoder.out
    const last = SpanEncoder.lastFields(this.#epoch, this.#nowMs)
    let start = 0
    for (const end of ends) {
      this.#exporter.add(bytes, start, end, last)
      start = end
    }
    this.#closed.clear()
  }

  /** Clocks of tests may have fractions. */
  get #nowMs(): number {
    return Math.floor(this.#clock.nowMs())
  }

  rollback(): void {
    this.#hasOpen = false
    this.#current.clear()
    this.#closed.clear()
  }
}

/** The spans of an epoch one after the other. */
class EpochSpans {
  readonly encoder: SpanEncoder
  readonly ends: number[] = []

  constructor(encoder: SpanEncoder) {
    this.encoder = encoder
  }

  /** Keeps the span that was written last, or does not. */
  end(isKept: boolean): void {
    const { out } = this.encoder
    if (isKept) this.ends.push(out.length)
    else out.length = this.ends.at(-1) ?? 0
  }

  clear(): void {
    this.ends.length = 0
    this.encoder.out.clear()
  }
}
