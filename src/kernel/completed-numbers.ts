import { assert } from '../core/assert.ts'

/** How many keys a task has completed, and how many of them, the first ones, are forgotten. */
export interface CompletedCounts {
  readonly count: number
  readonly forgotten: number
}

const none: CompletedCounts = { count: 0, forgotten: 0 }

/** The tasks whose rows are in a table. */
export interface TableTasks {
  readonly count: number
  /** To which one a source partition belongs, by its number. */
  readonly taskOf: (partition: number) => number
}

/**
 * Numbers completed keys in the order of their completion, those of each task by themselves, over all lives of the
 * program: each key has the number of those before it.
 */
export class CompletedNumbers {
  readonly taskOf: TableTasks['taskOf']
  readonly #counts: Float64Array
  readonly #forgotten: Float64Array
  /** Of the one task that there is: numbers of keys that are none, because their merges were refused; in order. */
  readonly #disowned = new Set<number>()

  constructor({ count, taskOf }: TableTasks) {
    this.taskOf = taskOf
    this.#counts = new Float64Array(count)
    this.#forgotten = new Float64Array(count)
  }

  /** How many there are that are not forgotten, of all tasks. */
  get rememberedCount(): number {
    const known = this.#counts.reduce((sum, count, task) => sum + count - this.#forgotten[task]!, 0)
    if (this.#disowned.size === 0) return known
    return known - this.disownedFrom(this.#forgotten[0]!).length
  }

  /** Of a task. @defaultValue the one that there is */
  of(task = 0): CompletedCounts {
    return { count: this.#counts[task]!, forgotten: this.#forgotten[task]! }
  }

  /** Goes on from a checkpoint that says so of a task. */
  resume(task: number, { count, forgotten }: CompletedCounts): void {
    this.#counts[task] = count
    this.forget(task, forgotten)
  }

  /** Forgets keys with numbers below this one, or knows them again, as long as no sweep has passed since. */
  forget(task: number, forgotten: number): void {
    assert(forgotten >= 0 && forgotten <= this.#counts[task]!, 'only completed keys are forgotten')
    this.#forgotten[task] = forgotten
  }

  /** Forgets one key, whose merge was refused after it had its number. */
  disown(number: number): void {
    assert(number < this.#counts[0]!, 'only a completed key is disowned')
    this.#disowned.add(number)
  }

  /** The numbers from this one on of keys that are disowned, in order. */
  disownedFrom(from: number): number[] {
    return [...this.#disowned].filter((number) => number >= from)
  }

  /** Keeps of what is disowned only these numbers: others are forgotten for good, or were taken back. */
  keepDisowned(from: number, to: number): void {
    for (const number of this.#disowned) if (number < from || number >= to) this.#disowned.delete(number)
  }

  /** Knows nothing of tasks that are none of these: a sweep takes out what there is of them. */
  leaveAllBut(own: readonly number[]): void {
    for (const task of this.#counts.keys()) if (!own.includes(task)) this.resume(task, none)
  }

  next(task: number): number {
    return this.#counts[task]!++
  }

  /** The last one, which is taken back. */
  last(task: number): number {
    return --this.#counts[task]!
  }

  isForgotten(task: number, number: number): boolean {
    return number < this.#forgotten[task]! || number >= this.#counts[task]! || this.#disowned.has(number)
  }
}
