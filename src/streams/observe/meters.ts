import type { SystemEvent } from '../../actors/index.ts'
import { Histogram, secondsBounds } from './histogram.ts'
import { SourceStreaksSeen } from './source-streaks-seen.ts'

/** How often an actor was restarted, and why it was the last time. */
export interface ActorRestarts {
  readonly path: string
  readonly count: number
  /** The error of the last crash, as a sentence; absent where only its siblings crashed. */
  readonly lastCause: string | undefined
  /** When that was, in milliseconds since 1970; absent as that is. */
  readonly lastCrashMs: number | undefined
}

/** What was written to a topic. */
export interface WrittenTopic {
  readonly topic: string
  readonly records: number
  /** Of record batches, before they are compressed. */
  readonly bytes: number
}

interface RestartEntry {
  count: number
  lastCause: string | undefined
  lastCrashMs: number | undefined
}

/**
 * What a process counts for whoever looks at it, over all its terms. It is told of batches, epochs and crashes, never
 * of a record, so it costs the path of records nothing.
 */
export class Meters {
  /** From the first row of an epoch to the acknowledgement of its commit. */
  readonly epochSeconds = new Histogram(secondsBounds)
  /** From the border of an epoch, when its outputs may still be on their way, to that. */
  readonly commitSeconds = new Histogram(secondsBounds)
  /** For how long brokers have throttled what was written, in milliseconds. */
  throttledMs = 0
  /** Of committed epochs, by topic. */
  readonly #written = new Map<string, WrittenTopic>()
  /** Of sources whose records all became dead letters. */
  readonly streaks = new SourceStreaksSeen()
  /** Of the last record that was consumed, by source partition. */
  readonly #consumedMs: number[] = []
  readonly #restarts = new Map<string, RestartEntry>()

  /** Rows of a partition were consumed, the last of which has this timestamp. */
  consumed(partition: number, timestampMs: number): void {
    this.#consumedMs[partition] = timestampMs
  }

  /** Timestamp of the last record that was consumed of a partition; undefined before the first. */
  consumedMs(partition: number): number | undefined {
    return this.#consumedMs[partition]
  }

  /** An epoch was committed in which a topic was written to. */
  wrote({ topic, records, bytes }: WrittenTopic): void {
    const { records: recordsBefore = 0, bytes: bytesBefore = 0 } = this.#written.get(topic) ?? {}
    this.#written.set(topic, { topic, records: recordsBefore + records, bytes: bytesBefore + bytes })
  }

  /** What this process has written, in the order in which it has first written to each topic. */
  get written(): WrittenTopic[] {
    return [...this.#written.values()]
  }

  /** Something happened to an actor. */
  note(event: SystemEvent, nowMs: number): void {
    if (event.type !== 'childCrashed' && event.type !== 'childRestarted') return
    const entry = this.#restarts.get(event.path) ?? { count: 0, lastCause: undefined, lastCrashMs: undefined }
    this.#restarts.set(event.path, entry)
    if (event.type === 'childCrashed') {
      entry.lastCause = causeText(event.error)
      entry.lastCrashMs = nowMs
    } else entry.count++
  }

  /** Of every actor that has crashed or was restarted. There are no more of them than actors. */
  get restarts(): ActorRestarts[] {
    return Array.from(this.#restarts, ([path, entry]) => ({ path, ...entry }))
  }
}

const causeCharactersMax = 1_000

/** An error as one sentence. */
export function causeText(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return text.slice(0, causeCharactersMax)
}
