import { unitBytes } from './block.ts'
import { TORN, versionHeaderBytes } from './constants/row-version.ts'
import { type SharedRows, sharedRowsModule } from './versioned-rows.ts'
import { isTrap, type WasmGlobal, wasmInstance, type WasmMemory } from './wasm-module.ts'

interface ReaderExports {
  readonly attach: (thread: number, low: number, high: number) => void
  readonly findMeanwhile: (length: number, stamp: number) => number
  readonly key: WasmGlobal
}

/** Searches in a row before this thread lets others run. */
const searchesMax = 1_000
const waitMs = 1
const nobodyWakes = new Int32Array(new SharedArrayBuffer(4))

/**
 * Finds versions of rows that another thread, that of `VersionedRows`, changes meanwhile.
 *
 * The memory is shared, the instance of the code is not. A search takes no lock and is repeated where it was torn
 * (`assembly/sequence.ts`), so it gives what stood there at one moment. The version that it has found is not written any
 * more, and not freed either while somebody pins its stamp: its bytes are read without looking further.
 */
export class RowsReader {
  readonly #memory: WasmMemory
  readonly #run: ReaderExports
  readonly #waitsMax: number
  /** Where the key goes that is asked for: each thread has a place of its own. */
  readonly keyAt: number
  #bytes: Buffer = Buffer.alloc(0)
  #words = new Int32Array(0)

  /**
   * @param thread - Its number among those that use the rows, from 1 up to `threadsMax` - 1.
   * @param waitsMax - How often it waits for a change to end, a millisecond each time.
   */
  constructor({ memory, seed }: SharedRows, thread: number, waitsMax = 10_000) {
    this.#waitsMax = waitsMax
    this.#memory = memory
    this.#run = wasmInstance<ReaderExports>(sharedRowsModule(), {}, memory)
    this.#run.attach(thread, ...seed)
    this.keyAt = this.#run.key.value
    this.#look()
  }

  /** The memory as far as it has been looked at. */
  get bytes(): Buffer {
    return this.#bytes
  }

  /**
   * The version of a row as of a stamp that is pinned; 0 where it is absent. Its key is in the bytes at `keyAt`.
   *
   * @returns Nothing where a change does not come to its end: the thread that makes it is no more.
   */
  find(keyLength: number, stamp: number): number | undefined {
    for (let waits = 0; waits < this.#waitsMax; waits++) {
      for (let searches = 0; searches < searchesMax; searches++) {
        const address = this.#search(keyLength, stamp)
        if (address !== TORN) return address
      }
      Atomics.wait(nobodyWakes, 0, 0, waitMs)
    }
    return undefined
  }

  valueStart(address: number): number {
    const block = address * unitBytes
    if (block + versionHeaderBytes > this.#bytes.length) this.#look()
    return block + versionHeaderBytes + (this.#words[block / 4 + 2]! & 0xffff)
  }

  valueEnd(address: number): number {
    const end = this.valueStart(address) + this.#words[(address * unitBytes) / 4 + 3]!
    if (end > this.#bytes.length) this.#look()
    return end
  }

  #search(keyLength: number, stamp: number): number {
    try {
      return this.#run.findMeanwhile(keyLength, stamp)
    } catch (error) {
      // An address that was read during a change may lie outside the memory.
      if (isTrap(error)) return TORN
      throw error
    }
  }

  #look(): void {
    // Lets this thread know how far others have grown it.
    this.#memory.grow(0)
    this.#bytes = Buffer.from(this.#memory.buffer)
    this.#words = new Int32Array(this.#memory.buffer)
  }
}
