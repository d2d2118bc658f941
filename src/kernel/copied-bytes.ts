import type { TableMachine } from './table-machine.ts'
import { copyBytes } from './copy-bytes.ts'
import { memoryFull, type TableLoad } from './table-full.ts'

/** Bytes that may be read after those that are copied in. */
export const slackBytes = 64
const capacityMin = 2 << 20

/** Memory of the table for bytes that are copied in, a batch after the other. */
export class CopiedBytes {
  readonly #machine: TableMachine
  readonly #load: TableLoad
  #address = 0
  #capacity = 0

  /** @param load - Of the table, for the error where it is full. */
  constructor(machine: TableMachine, load: TableLoad) {
    this.#machine = machine
    this.#load = load
  }

  /**
   * Copies bytes in, in place of those before, and returns their address.
   *
   * @throws MillraceError `TABLE_FULL`
   */
  copyIn(bytes: Uint8Array, start = 0, end = bytes.length): number {
    const address = this.take(end - start)
    copyBytes(bytes, start, end, this.#machine.bytes, address)
    return address
  }

  /**
   * The address of memory for so many bytes, in which those before may be.
   *
   * @throws MillraceError `TABLE_FULL`
   */
  take(size: number): number {
    if (size + slackBytes > this.#capacity) this.#enlarge(size + slackBytes)
    return this.#address
  }

  /** Gives back the memory that one large record needed. */
  shrink(): void {
    if (this.#capacity <= capacityMin) return
    this.#machine.run.freeStage(this.#address)
    this.#capacity = 0
  }

  #enlarge(bytes: number): void {
    const { run } = this.#machine
    if (this.#capacity > 0) run.freeStage(this.#address)
    this.#capacity = 0
    const capacity = Math.max(capacityMin, bytes)
    const address = run.takeStage(capacity) >>> 0
    if (address === 0) throw memoryFull(this.#load, bytes)
    this.#address = address
    this.#capacity = capacity
  }
}
