import { threadsMax } from '../../kernel/index.ts'
import type { Pins } from '../pins.ts'
import { SharedWords } from './shared-words.ts'

/**
 * What the committer knows of the versions that other threads read: each pin of theirs that it has found is a pin of the
 * store, until it finds it changed.
 */
export class ThreadPins {
  readonly words: SharedWords
  readonly #pins: Pins
  /** Of each thread that is attached, by its number, the pins that have been found, by place. */
  readonly #found = new Map<number, number[]>()
  readonly #ended: number[] = []
  #seenChanges = 0n
  /** Whether a pin was there that could not be taken yet. */
  #isIncomplete = false

  constructor(pins: Pins, words = new SharedWords()) {
    this.#pins = pins
    this.words = words
  }

  /** Gives a thread a number; nothing where there are too many. */
  attach(): number | undefined {
    for (let thread = 1; thread < threadsMax; thread++) {
      if (this.#found.has(thread)) continue
      this.#found.set(thread, [])
      return thread
    }
    return undefined
  }

  /** Lets go what a thread reads that uses the store no more. */
  detach(thread: number): void {
    this.words.clearPins(thread)
    for (const version of this.#found.get(thread)!) if (version >= 0) this.#pins.unpin(version)
    this.#found.delete(thread)
  }

  /**
   * Makes a version the latest one, and finds all pins of those before. Pins that have ended still count, until
   * `letGo`: its rows are linked and not settled yet.
   */
  publish(version: number): void {
    this.words.version = version
    this.#find(version - 1)
  }

  /** Drops what was kept for pins that have ended. */
  letGo(): void {
    for (const version of this.#ended.splice(0)) this.#pins.unpin(version)
  }

  /** Finds how pins are while nothing is being committed. */
  look(latest: number): void {
    this.#find(latest)
    this.letGo()
  }

  /** Finds pins up to a version, the newest that can be read by pins that have not been found yet. */
  #find(newest: number): void {
    const changes = this.words.pinChanges
    if (changes === this.#seenChanges && !this.#isIncomplete) return
    this.#seenChanges = changes
    this.#isIncomplete = false
    for (const thread of this.#found.keys()) this.#lookAt(thread, this.words.pinsOf(thread), newest)
  }

  #lookAt(thread: number, pinned: readonly number[], newest: number): void {
    const found = this.#found.get(thread)!
    for (let place = 0; place < Math.max(found.length, pinned.length); place++) {
      const before = found[place] ?? -1
      const version = pinned[place] ?? -1
      if (version === before) continue
      found[place] = this.#pin(version, newest) ? version : -1
      if (before >= 0) this.#ended.push(before)
    }
  }

  #pin(version: number, newest: number): boolean {
    if (version < 0) return false
    if (version > newest) {
      // It is of the version that has just been published, whose rows are settled first.
      this.#isIncomplete = true
      return false
    }
    // A thread that has come too late for a version finds that out, and takes a newer one.
    if (version < newest && !this.#pins.has(version)) return false
    this.#pins.pin(version)
    return true
  }
}
