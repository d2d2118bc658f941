import { batchHeader } from './batch.ts'
import { errorCode, type ErrorCode } from './error-code.ts'
import { Log } from './log.ts'
import type { MemoryBudget } from './memory.ts'
import { ProducerStates } from './producer-states.ts'

export type AppendResult =
  | { readonly error: typeof errorCode.none; readonly baseOffset: number }
  | { readonly error: ErrorCode; readonly message?: string }

/** One partition: its log, what it knows of the producers that write to it, and who waits for it to grow. */
export class Partition {
  readonly topic: string
  readonly index: number
  readonly log: Log
  readonly leaderEpoch = 0
  readonly #memory: MemoryBudget
  readonly #producers = new ProducerStates()
  readonly #watchers = new Set<() => void>()

  constructor(topic: string, index: number, memory: MemoryBudget) {
    this.topic = topic
    this.index = index
    this.#memory = memory
    this.log = new Log(memory)
  }

  /** The end of what every reader may see; there is no replica to wait for. */
  get highWatermark(): number {
    return this.log.endOffset
  }

  /** The end of what a `read_committed` reader may see. */
  get lastStableOffset(): number {
    return this.log.endOffset
  }

  /** Appends a checked batch of a producer. */
  append(batch: Buffer): AppendResult {
    const isIdempotent = batchHeader.producerId(batch, 0) >= 0
    if (isIdempotent) {
      const verdict = this.#producers.judge(batch)
      if (verdict.kind === 'refused') return { error: verdict.error }
      if (verdict.kind === 'duplicate') return { error: errorCode.none, baseOffset: verdict.baseOffset }
    }
    const baseOffset = this.log.append(batch, this.leaderEpoch)
    if (baseOffset === undefined) {
      const message = `the broker's memory limit of ${this.#memory.limitBytes} bytes is reached (memoryBytesMax)`
      return { error: errorCode.policyViolation, message }
    }
    if (isIdempotent) this.#producers.appended(batch, baseOffset)
    this.#changed()
    return { error: errorCode.none, baseOffset }
  }

  /** Calls `onChange` whenever there may be more to read, until the returned function is called. */
  watch(onChange: () => void): () => void {
    this.#watchers.add(onChange)
    return () => this.#watchers.delete(onChange)
  }

  /** Gives the memory back and wakes those who wait, who then find the partition gone. */
  delete(): void {
    this.log.free()
    this.#changed()
  }

  #changed(): void {
    for (const onChange of this.#watchers) onChange()
  }
}
