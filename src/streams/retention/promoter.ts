import type { Timer } from '../../core/clock.ts'
import type { Topic } from '../../kafka/index.ts'
import { needsHeaders, type PromotablePart, sourcePart } from './promotable-part.ts'
import { promotedBytesMax } from '../topics/program-topics.ts'
import type { Session } from '../recovery/session.ts'
import type { SourceLog } from '../runtime/ports.ts'
import type { Services } from '../runtime/services.ts'

/** How often is looked while no epoch commits, and the source asked what it retains. */
const lookEveryMs = 10_000
/** Offsets of one partition that are looked through for an epoch. */
const offsetsPerLook = 16_384

const retentionConfigs = ['retention.ms', 'retention.bytes', 'cleanup.policy']

/** What the source drops by itself. */
interface Retention {
  /** By partition the first offset in the first half of `retention.ms`; none where age does not matter. */
  readonly youngFrom: readonly number[]
  /** `retention.bytes`, of each partition. */
  readonly bytes: number
  /** Any record may be dropped as soon as there is another one with its key. */
  readonly isCompacted: boolean
}

type PromoterSession = Pick<Session, 'state' | 'sources' | 'schedule'>

/**
 * Bounds what a start has to read again. Parts that are `replayRecordsMax` offsets behind, or past half of what the
 * source retains, are overdue: they are read from it once more to be promoted; of a compacted source, all pending
 * parts.
 */
export class Promoter {
  readonly #services: Services
  readonly #session: PromoterSession
  readonly #log: SourceLog
  readonly #onOverdue: (parts: readonly PromotablePart[]) => void
  #isAtWork = false
  #isStopped = false
  #timer: Timer | undefined
  #askedMs = -Infinity
  /** By source. */
  #retention: readonly Retention[] = []
  /**
   * By number of the partition the offset after those that have been read in this life: a part among them that was not promoted
   * cannot be.
   */
  readonly #reached: number[] = []

  constructor(
    services: Services,
    session: PromoterSession,
    log: SourceLog,
    onOverdue: (parts: readonly PromotablePart[]) => void,
  ) {
    this.#services = services
    this.#session = session
    this.#log = log
    this.#onOverdue = onOverdue
    this.#lookLater()
  }

  /** What it is at is of no use any more, whatever comes of it. */
  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  /** Looks for overdue parts, unless others are still on their way to be promoted. */
  async look(): Promise<void> {
    const { plan, logger } = this.#services
    const { state } = this.#session
    if (this.#isAtWork || state.promoted.isPromoting || !state.restoration.isDone) return
    this.#isAtWork = true
    try {
      await this.#askRetention()
      const parts = await this.#read()
      if (parts.length > 0) this.#onOverdue(parts)
    } catch (error) {
      if (this.#isStopped) return
      logger.warn({ app: plan.name, err: error }, 'could not read parts again that have waited for long; trying later')
    } finally {
      this.#isAtWork = false
    }
  }

  /** Ages grow and records go also while nothing comes. */
  #lookLater(): void {
    this.#timer = this.#services.clock.setTimer({ afterMs: lookEveryMs }, () => {
      this.#lookLater()
      void this.look()
    })
  }

  async #askRetention(): Promise<void> {
    const { clock, timeOfDay } = this.#services
    const { topics } = this.#session.sources
    if (clock.monotonicMs() - this.#askedMs < lookEveryMs) return
    this.#askedMs = clock.monotonicMs()
    const nowMs = timeOfDay.nowMs()
    this.#retention = await Promise.all(topics.map((topic) => this.#retentionOf(topic, nowMs)))
  }

  async #retentionOf(topic: Topic, nowMs: number): Promise<Retention> {
    const [ms, bytes, policy] = await this.#log.settings(topic, ...retentionConfigs)
    const youngMs = nowMs - limitOf(ms) / 2
    return {
      youngFrom: youngMs < 0 ? [] : await this.#log.offsetsAt(topic, youngMs),
      bytes: limitOf(bytes),
      isCompacted: policy?.includes('compact') ?? false,
    }
  }

  async #read(): Promise<PromotablePart[]> {
    const { topics, plan, logger } = this.#services
    const { state, sources, schedule } = this.#session
    const due = this.#due()
    if (due === undefined) return []
    const { number, first } = due
    const { source, partition } = sources.partitions.list[number]!
    let { end } = due
    const bytesMax = promotedBytesMax(topics)
    const withHeaders = needsHeaders(this.#services) || sources.partitions.isRedriven(number)
    let promotedBytes = 0
    let tooLarge = 0
    const set = state.pending.sets[number]!
    const parts: PromotablePart[] = []
    await this.#log.read(sources.topics[source]!, { partition, first, end }, (columns) => {
      columns.partition = number
      columns.keep((offset) => offset < end && set.has(offset) && !state.promoted.has(number, offset))
      for (let row = 0; row < columns.count; row++) {
        const part = sourcePart(columns, row, withHeaders)
        if (part.bytes > bytesMax) {
          tooLarge++
          continue
        }
        if (parts.length > 0 && promotedBytes + part.bytes > schedule.sideBytes) {
          // What does not fit into an epoch is read again for the next one.
          end = part.offset
          break
        }
        parts.push(part)
        promotedBytes += part.bytes
      }
    })
    this.#reached[number] = end
    if (tooLarge > 0) {
      const facts = {
        app: plan.name,
        ...sources.partitions.placeOf(number),
        from: first,
        to: end,
        count: tooLarge,
        bytesMax,
      }
      logger.warn(
        facts,
        'parts that have waited for long stay in the source only: their records are too large for the checkpoint topic',
      )
    }
    return parts
  }

  /** The offsets to look through next, if any have to be. */
  #due() {
    const { state, sources } = this.#session
    const { committedOffsets } = state.accounting
    for (const [number, { source, partition }] of sources.partitions.list.entries()) {
      const first = state.promoted.firstNeeded(number, this.#reached[number])
      // That of a source that is read no more has nothing to be promoted.
      if (first === undefined) continue
      const next = committedOffsets[number]!
      const youngFrom = this.#retention[source]!.youngFrom[partition] ?? 0
      const end = Math.min(next, Math.max(next - this.#offsetsMax(source), youngFrom))
      if (first < end) return { number, first, end: Math.min(end, first + offsetsPerLook) }
    }
    return undefined
  }

  /** How far a part may be behind that is not promoted. Bytes are those of the records that this process has read. */
  #offsetsMax(source: number): number {
    const { options } = this.#services
    const { bytes, isCompacted } = this.#retention[source]!
    if (isCompacted) return 0
    const meanBytes = this.#session.sources.meanBytes(source)
    return Math.min(options.replayRecordsMax, meanBytes === 0 ? Infinity : bytes / 2 / meanBytes)
  }
}

/** Retention as a broker tells it, where -1 is none. */
function limitOf(setting: string | undefined): number {
  const limit = Number(setting ?? -1)
  return limit < 0 ? Infinity : limit
}
