import type { Timer } from '../core/clock.ts'
import { listOffsets, topicConfig } from '../kafka/index.ts'
import { plainRecord, recordBatchOf } from '../kernel/index.ts'
import type { PromotionOffer } from './checkpoint/promoted-parts.ts'
import type { Pipeline } from './pipeline.ts'
import { readRecords } from './record-reader.ts'

/** How often is looked while no epoch commits. */
const lookEveryMs = 10_000
/** How often the source is asked which of its records have gone through half of their retention. */
const agesEveryMs = 10_000
/** Offsets of one partition that are looked through for an epoch. */
const offsetsPerOffer = 16_384

/**
 * Bounds what a start has to read again. Parts that are `replayRecordsMax` offsets behind, or in the second half of the
 * source's retention, are read from the source once more and offered to be promoted.
 */
export class Promoter {
  readonly #pipeline: Pipeline
  readonly #onOffer: (offer: PromotionOffer) => void
  #isAtWork = false
  #timer: Timer | undefined
  #agesMs = -Infinity
  /** By partition the first offset in the first half of the retention. */
  #young: readonly number[] = []

  constructor(pipeline: Pipeline, onOffer: (offer: PromotionOffer) => void) {
    this.#pipeline = pipeline
    this.#onOffer = onOffer
    this.#lookLater()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  /** Looks for parts that are too far behind, unless others are still on their way to be promoted. */
  async look(): Promise<void> {
    const { state, plan, logger } = this.#pipeline
    if (this.#isAtWork || state.promoted.isPromoting || state.restoration !== undefined) return
    this.#isAtWork = true
    try {
      await this.#askAges()
      const offer = await this.#read()
      if (offer !== undefined) this.#onOffer(offer)
    } catch (error) {
      logger.warn({ app: plan.name, error }, 'could not read parts again that have waited for long; trying later')
    } finally {
      this.#isAtWork = false
    }
  }

  /** Ages grow and records go also while nothing comes. */
  #lookLater(): void {
    this.#timer = this.#pipeline.clock.setTimer({ afterMs: lookEveryMs }, () => {
      this.#lookLater()
      void this.look()
    })
  }

  async #askAges(): Promise<void> {
    const { cluster, topics, clock } = this.#pipeline
    if (clock.monotonicMs() - this.#agesMs < agesEveryMs) return
    this.#agesMs = clock.monotonicMs()
    const retentionMs = Number((await topicConfig(cluster, topics.source.name, 'retention.ms')) ?? -1)
    if (retentionMs < 0) this.#young = []
    else this.#young = await listOffsets(cluster, topics.source, { timestampMs: clock.nowMs() - retentionMs / 2 })
  }

  async #read(): Promise<PromotionOffer | undefined> {
    const { cluster, topics, options, state } = this.#pipeline
    const due = this.#due()
    if (due === undefined) return undefined
    const { partition, first, end } = due
    const set = state.pending.sets[partition]!
    const parts: { offset: number; batch: Uint8Array }[] = []
    const at = (offset: number) => topics.source.partitions.map((_, other) => (other === partition ? offset : 0))
    const range = { starts: at(first), ends: at(end) }
    const { decompressedBytesMax } = options
    await readRecords({ cluster, topic: topics.source, range, decompressedBytesMax }, (columns) => {
      columns.keep((offset) => offset < end && set.has(offset))
      for (let row = 0; row < columns.count; row++) {
        const offset = columns.offset[row]!
        parts.push({ offset, batch: recordBatchOf(offset, columns.timestamp[row]!, plainRecord(columns, row)) })
      }
    })
    return { partition, end, parts }
  }

  /** The offsets to look through next, if any have to be. */
  #due() {
    const { state, options } = this.#pipeline
    const { committedOffsets } = state.accounting
    for (const [partition, set] of state.pending.sets.entries()) {
      const first = state.promoted.firstNeeded(partition, set)
      const next = committedOffsets[partition]!
      const end = Math.max(next - options.replayRecordsMax, Math.min(this.#young[partition] ?? 0, next))
      if (first !== undefined && first < end) return { partition, first, end: Math.min(end, first + offsetsPerOffer) }
    }
    return undefined
  }
}
