import { keyOf, timeOf } from './window-name.ts'

const none: readonly number[] = []

/** The times of rows by their keys, in order: so the windows of a key are found that have no fixed times. */
export class KeyTimes {
  readonly #times = new Map<string, number[]>()

  /** @param key - As names of rows have it. */
  of(key: string): readonly number[] {
    return this.#times.get(key) ?? none
  }

  add(name: string): void {
    const key = keyOf(name)
    const time = timeOf(name)
    const times = this.#times.get(key)
    if (times === undefined) {
      this.#times.set(key, [time])
      return
    }
    const at = firstFrom(times, time)
    if (times[at] !== time) times.splice(at, 0, time)
  }

  delete(name: string): void {
    const times = this.#times.get(keyOf(name))
    if (times === undefined) return
    times.splice(firstFrom(times, timeOf(name)), 1)
    if (times.length === 0) this.#times.delete(keyOf(name))
  }

  clear(): void {
    this.#times.clear()
  }
}

/** The index of the first of some times that is not before one; their number where all are. */
export function firstFrom(times: readonly number[], ms: number): number {
  let [from, to] = [0, times.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    if (times[middle]! < ms) from = middle + 1
    else to = middle
  }
  return from
}
