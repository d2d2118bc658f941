import type { Clock } from '../../../core/clock.ts'
import { type Random, seededRandom } from '../../../core/random.ts'
import { type CarryingPart, GrowableBytes, PUBLISHED } from '../../../kernel/index.ts'
import type { ClosingEpoch } from '../../epochs/epoch-participant.ts'
import type { MergeSpanNames } from '../merge-span.ts'
import { type MergeSpans, spansPerEpochMax } from '../merge-spans.ts'
import { carriedOn } from '../trace-context.ts'
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
  readonly #encoder: SpanEncoder
  #current = new EpochSpans()
  #closed = new EpochSpans()
  /** Where the span of the merge begins that is about to be published, if it has one. */
  #open: number | undefined
  #epoch = 0

  constructor(exporter: Pick<SpanExporter, 'add'>, names: MergeSpanNames, clock: Clock, random: Random) {
    // Ids have to be told apart, and nobody has to be kept from guessing them.
    const ids = seededRandom(random.nextUint32())
    this.#exporter = exporter
    this.#clock = clock
    this.#encoder = new SpanEncoder(names, ids)
  }

  begin(parts: readonly CarryingPart[]): void {
    const { out, ends } = this.#current
    this.#open = ends.length < spansPerEpochMax ? this.#encoder.append(out, parts, this.#nowMs) : undefined
  }

  get carried(): Uint8Array | undefined {
    if (this.#open === undefined) return undefined
    return carriedOn(SpanEncoder.contextOf(this.#current.out, this.#open))
  }

  end(outcome: number): void {
    if (this.#open !== undefined) this.#current.end(outcome === PUBLISHED)
    this.#open = undefined
  }

  close({ number }: ClosingEpoch): void {
    this.#epoch = number
    const closed = this.#current
    this.#current = this.#closed
    this.#closed = closed
  }

  commit(): void {
    const { out, ends } = this.#closed
    const { bytes } = out
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
    this.#open = undefined
    this.#current.clear()
    this.#closed.clear()
  }
}

/** The spans of an epoch one after the other. */
class EpochSpans {
  readonly out = new GrowableBytes(1 << 16)
  readonly ends: number[] = []

  /** Keeps the span that was written last, or does not. */
  end(isKept: boolean): void {
    if (isKept) this.ends.push(this.out.length)
    else this.out.length = this.ends.at(-1) ?? 0
  }

  clear(): void {
    this.ends.length = 0
    this.out.clear()
  }
}
