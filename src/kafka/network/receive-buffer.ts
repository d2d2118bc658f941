import { sourceSlackBytes } from '../../kernel/index.ts'

/**
 * Memory that responses are read into, one after the other, with the slack the kernel needs after its end. It is little
 * until a response needs more, because the garbage collector runs for each 64 MiB of memory that is allocated, used or
 * not.
 */
export class ReceiveBuffer {
  /** Bytes that a response may take at most. */
  readonly capacity: number
  /** Whether threads see it. */
  readonly isShared: boolean
  #view: DataView
  #buffer: Buffer

  /** @param isShared - Whether threads are to see it. @defaultValue false */
  constructor(capacity: number, isShared = false) {
    this.capacity = capacity
    this.isShared = isShared
    this.#view = newView(Math.min(capacity, bytesMin), isShared)
    this.#buffer = Buffer.from(this.#view.buffer)
  }

  get buffer(): Buffer {
    return this.#buffer
  }

  get view(): DataView {
    return this.#view
  }

  /** Makes room for a response up to the capacity, before anything of it is here: what was here before is lost. */
  reserve(bytes: number): void {
    if (bytes + sourceSlackBytes <= this.#view.byteLength) return
    this.#view = newView(this.capacity, this.isShared)
    this.#buffer = Buffer.from(this.#view.buffer)
  }
}

const bytesMin = 64 << 10

function newView(bytes: number, isShared: boolean): DataView {
  const size = bytes + sourceSlackBytes
  return new DataView(isShared ? new SharedArrayBuffer(size) : new ArrayBuffer(size))
}
