/**
 * The memory that threads of a store share, besides that of its tables, and what holds of both.
 *
 * - **One thread commits**: the one that made the store. It alone writes to the memory of tables. Others read there, and
 *   send it what a transaction has read and wants to write; it validates and installs that between two turns of its loop,
 *   as it does with its own. So there is one order of commits, and what is asked for either happens whole or not at all.
 * - **What is read by atomics**: here, the version, the pins and the count of their changes; in the memory of a table,
 *   the count of the sequence lock around each change of its index and of the chains of versions
 *   (`kernel/assembly/sequence.ts`). All else is read plainly: bytes of a version of a row were written before the
 *   atomic store of the version that a reader has loaded, and are not written again.
 * - **How a thread pins a version**: it stores the latest version into a pin of its own, counts the change, and loads the
 *   version once more. If that is the same, it has its pin; else it takes the new one. The committer stores the version
 *   first, then loads the count, and only then drops what nobody reads. All four are sequentially consistent, so either
 *   it finds the pin or the thread finds the new version.
 * - **Who frees**: the committer alone, once no pin needs a version of a row. Pages of the index and blocks are used
 *   again at once: a search that runs meanwhile finds the count changed and begins anew.
 * - **A thread that ends** in the midst of anything has written to its pins only. The port that it is connected by
 *   closes with it, and the committer clears them. It holds no lock, because it can take none.
 * - **A committer that ends** takes the store along: rows live in memory only. Threads get `STATE_STORE_CLOSED`, also
 *   where it ends within a change. Whoever supervises it makes the store anew, and gives others a new handle.
 */
import { threadsMax } from '../../kernel/index.ts'

/** Versions that one thread reads at a time, at most. */
export const pinsMax = 1_024
/** Words of 64 bits: the version, the count of changes of pins, how many pins each thread uses; then the pins. */
const versionAt = 0
const pinChangesAt = 1
const usedAt = 2
const pinsAt = usedAt + threadsMax
const wordCount = pinsAt + threadsMax * pinsMax
const noPin = -1

/** The words, to which each thread has an object of its own. */
export class SharedWords {
  readonly buffer: SharedArrayBuffer
  readonly #words: BigInt64Array

  constructor(buffer = new SharedArrayBuffer(wordCount * 8)) {
    this.buffer = buffer
    this.#words = new BigInt64Array(buffer)
  }

  /** The version of the last commit. */
  get version(): number {
    return Number(Atomics.load(this.#words, versionAt))
  }

  set version(version: number) {
    Atomics.store(this.#words, versionAt, BigInt(version))
  }

  /** Grows with each change of a pin. */
  get pinChanges(): bigint {
    return Atomics.load(this.#words, pinChangesAt)
  }

  /** The versions that a thread pins, by place; less than 0 at those where it pins none. */
  pinsOf(thread: number): number[] {
    const used = Number(Atomics.load(this.#words, usedAt + thread))
    return Array.from({ length: used }, (_, place) => Number(Atomics.load(this.#words, pinAt(thread, place))) + noPin)
  }

  setPin(thread: number, place: number, version: number): void {
    if (Atomics.load(this.#words, usedAt + thread) <= place)
      Atomics.store(this.#words, usedAt + thread, BigInt(place + 1))
    Atomics.store(this.#words, pinAt(thread, place), BigInt(version - noPin))
    Atomics.add(this.#words, pinChangesAt, 1n)
  }

  clearPin(thread: number, place: number): void {
    this.setPin(thread, place, noPin)
  }

  /** Clears all pins of a thread that is no more. */
  clearPins(thread: number): void {
    for (const place of this.pinsOf(thread).keys()) this.clearPin(thread, place)
    Atomics.store(this.#words, usedAt + thread, 0n)
  }
}

function pinAt(thread: number, place: number): number {
  return pinsAt + thread * pinsMax + place
}
