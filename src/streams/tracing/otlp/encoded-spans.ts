import type { Clock } from '../../../core/clock.ts'
import type { Random } from '../../../core/random.ts'
import {
  endOfMerges,
  GrowableBytes,
  isFollowed,
  mergeSpanIdAt,
  PUBLISHED,
  readTracedMerges,
  SpanWriter,
} from '../../../kernel/index.ts'
import type { ClosingEpoch } from '../../epochs/epoch-participant.ts'
import type { MergeSpanNames } from '../merge-span.ts'
import { type MergeSpans, spansPerEpochMax } from '../merge-spans.ts'
import { carriedOn, carriedSpan } from '../trace-context.ts'
import type { SpanExporter } from './span-exporter.ts'
import { isSampled } from './span-fields.ts'
import { lastFields, spanTemplates } from './span-templates.ts'

/**
 * Spans of merges for the exporter: bytes as the table tells of merges, from which spans are written when their epoch
 * has committed.
 *
 * State: the merges of the closed epoch and of the current one, each in memory that the other one has next; nothing that
 * a start needs.
 */
export class EncodedSpans implements MergeSpans {
  readonly #clock: Clock
  readonly #random: Random
  readonly #writer: SpanWriter
  #current = new EpochMerges()
  #closed = new EpochMerges()
  /** Whether a merge is about to be published that will have a span. */
  #isOpen = false
  #epoch = 0

  constructor(exporter: Pick<SpanExporter, 'add'>, names: MergeSpanNames, clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
    const seed = [random.nextUint32(), random.nextUint32()] as const
    this.#writer = new SpanWriter(spanTemplates(names), seed, (spans, count) => exporter.add(spans, count))
  }

  begin(merges: Uint8Array, count: number): void {
    const room = spansPerEpochMax - this.#current.count
    this.#isOpen = room > 0
    if (count <= room) this.#current.add(merges, count, this.#nowMs)
    else if (room > 0) this.#current.add(merges.subarray(0, endOfMerges(merges, room)), room, this.#nowMs)
  }

  get carried(): Uint8Array | undefined {
    if (!this.#isOpen) return undefined
    const merge = this.#current.latest
    const [parts] = readTracedMerges(merge)
    const { traceId } = carriedSpan(parts!.find(isFollowed)!.carried)
    return carriedOn({ traceId, spanId: this.#idOf(merge), traceFlags: isSampled })
  }

  end(outcome: number): void {
    if (this.#isOpen && outcome !== PUBLISHED) this.#current.dropLatest()
    this.#isOpen = false
  }

  close({ number }: ClosingEpoch): void {
    this.#epoch = number
    const closed = this.#current
    this.#current = this.#closed
    this.#closed = closed
  }

  commit(): void {
    if (this.#closed.count > 0) this.#write(this.#closed)
    this.#closed.clear()
  }

  rollback(): void {
    this.#isOpen = false
    this.#current.clear()
    this.#closed.clear()
  }

  #write(epoch: EpochMerges): void {
    this.#writer.endSpansWith(lastFields(this.#epoch, this.#nowMs))
    epoch.forEach((merges, publishedMs) => this.#writer.write(merges, publishedMs))
    this.#writer.handOver()
  }

  /** The id of the span of a merge, which has one from now on. */
  #idOf(merge: Uint8Array): string {
    const id = Buffer.from(merge.buffer, merge.byteOffset + mergeSpanIdAt, 8)
    if (id.readInt32LE(0) === 0) {
      // None may be zero. Ids have to be told apart, and nobody has to be kept from guessing them.
      id.writeUInt32LE((this.#random.nextUint32() | 1) >>> 0, 0)
      id.writeUInt32LE(this.#random.nextUint32(), 4)
    }
    return id.toString('hex')
  }

  /** Clocks of tests may have fractions. */
  get #nowMs(): number {
    return Math.floor(this.#clock.nowMs())
  }
}

/** The merges of an epoch, as they were told, one after the other. */
class EpochMerges {
  readonly #out = new GrowableBytes(1 << 16)
  /** Of what was told at once: where it ends, and when that was. */
  readonly #ends: number[] = []
  readonly #times: number[] = []
  count = 0

  add(merges: Uint8Array, count: number, nowMs: number): void {
    this.#out.append(merges)
    this.#ends.push(this.#out.length)
    this.#times.push(nowMs)
    this.count += count
  }

  /** What was told last. */
  get latest(): Uint8Array {
    return this.#out.bytes.subarray(this.#ends.at(-2) ?? 0, this.#out.length)
  }

  /** Drops what was told last, a single merge. */
  dropLatest(): void {
    this.#ends.pop()
    this.#times.pop()
    this.#out.length = this.#ends.at(-1) ?? 0
    this.count--
  }

  forEach(visit: (merges: Uint8Array, nowMs: number) => void): void {
    let start = 0
    for (const [index, end] of this.#ends.entries()) {
      visit(this.#out.bytes.subarray(start, end), this.#times[index]!)
      start = end
    }
  }

  clear(): void {
    this.#out.clear()
    this.#ends.length = 0
    this.#times.length = 0
    this.count = 0
  }
}
