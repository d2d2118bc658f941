import { sourceSlackBytes } from '../../kernel/index.ts'

/**
 * Memory that responses are read into, one after the other, with the slack the kernel needs after its end. It is little
 * until a response needs more, because the garbage collector runs for each 64 MiB of memory that is allocated, used or
 * not.
 */
export class ReceiveBuffer {
  /** Bytes that a response may take at most. */
  readonly capacity: number
  #view: DataView<ArrayBuffer>
  #buffer: Buffer

  constructor(capacity: number) {
    this.capacity = capacity
    this.#view = newView(Math.min(capacity, bytesMin))
    this.#buffer = Buffer.from(this.#view.buffer)
  }

  get buffer(): Buffer {
    return this.#buffer
  }

  get view(): DataView<ArrayBuffer> {
    return this.#view
  }

  /** Makes room for a response up to the capacity, before anything of it is here: what was here before is lost. */
  reserve(bytes: number): void {
    if (bytes + sourceSlackBytes <= this.#view.byteLength) return
    this.#view = newView(this.capacity)
    this.#buffer = Buffer.from(this.#view.buffer)
  }
}

const bytesMin = 64 << 10

function newView(bytes: number): DataView<ArrayBuffer> {
  return new DataView(new ArrayBuffer(bytes + sourceSlackBytes))
}
