import type { SourceStreak } from '../poison/source-streak.ts'

/** Records of a topic that became dead letters one after the other, `maxConsecutivePoison` of them or more. */
export interface SeenStreak {
  readonly topic: string
  /** In the longest of these streaks. */
  readonly records: number
  /** Of the last record of it. */
  readonly reason: string
  /** Whether records of the topic have been used since. */
  readonly isOver: boolean
}

/** The longest such streak of each topic, over all terms of a process. */
export class SourceStreaksSeen {
  readonly #byTopic = new Map<string, SeenStreak>()

  note({ topic, records, reason }: SourceStreak): void {
    const longest = Math.max(records, this.#byTopic.get(topic)?.records ?? 0)
    this.#byTopic.set(topic, { topic, records: longest, reason, isOver: false })
  }

  end(topic: string): void {
    const seen = this.#byTopic.get(topic)
    if (seen !== undefined) this.#byTopic.set(topic, { ...seen, isOver: true })
  }

  get all(): SeenStreak[] {
    return Array.from(this.#byTopic.values())
  }
}
