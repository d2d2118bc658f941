/** Which row a worker is at, in memory that outlives its thread: so it is known over which one the thread has ended. */
export class WorkerProgress {
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array

  constructor(buffer = new SharedArrayBuffer(8)) {
    this.buffer = buffer
    this.#words = new Int32Array(buffer)
  }

  /** The function is about to be called for a row of a slice. */
  enter(slice: number, row: number): void {
    this.#words[0] = slice
    this.#words[1] = row + 1
  }

  /** No function is being called. */
  leave(): void {
    this.#words[1] = 0
  }

  /** The row of a slice that the worker is at; undefined where it is at none of this slice. */
  rowOf(slice: number): number | undefined {
    return this.#words[0] === slice && this.#words[1]! > 0 ? this.#words[1]! - 1 : undefined
  }
}
