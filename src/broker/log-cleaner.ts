import type { Clock } from '../core/clock.ts'
import { loadBatchCodec } from './batch-codec.ts'
import type { Partition } from './partition.ts'
import type { TopicConfig } from './topic-config.ts'
import type { Topics } from './topics.ts'

/** As `log.retention.check.interval.ms`. */
const intervalMs = 300_000

/** Deletes from the logs what their topics do not keep, by age, size and key: now and then, and when asked to. */
export class LogCleaner {
  readonly #topics: Topics
  readonly #clock: Clock
  /** The last run that was asked for; one comes after the other. */
  #last: Promise<void> = Promise.resolve()

  constructor(topics: Topics, clock: Clock) {
    this.#topics = topics
    this.#clock = clock
  }

  /** Cleans at its interval from now on. */
  start(): void {
    this.#clock.setTimer({ afterMs: intervalMs, background: true }, () => void this.run().then(() => this.start()))
  }

  /** Cleans the logs of one topic once, or all logs. */
  run(topic?: string): Promise<void> {
    this.#last = this.#last.then(() => this.#clean(topic))
    return this.#last
  }

  async #clean(topic: string | undefined): Promise<void> {
    for (const { name, config, partitions } of this.#topics.all()) {
      if (topic !== undefined && name !== topic) continue
      for (const partition of partitions) {
        if (config.isCompacted) await this.#compact(partition, config)
        if (config.isDeleted) this.#deleteOld(partition, config)
      }
    }
  }

  async #compact(partition: Partition, config: TopicConfig): Promise<void> {
    const rules = {
      nowMs: this.#clock.nowMs(),
      lagMs: config.number('min.compaction.lag.ms'),
      deleteRetentionMs: config.number('delete.retention.ms'),
    }
    if (partition.isCompacted(rules)) return
    await partition.compact({ ...rules, codec: await loadBatchCodec() })
  }

  #deleteOld(partition: Partition, config: TopicConfig): void {
    partition.deleteOld({
      nowMs: this.#clock.nowMs(),
      retentionMs: config.number('retention.ms'),
      retentionBytes: config.number('retention.bytes'),
    })
  }
}
