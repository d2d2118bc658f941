import { sourceSlackBytes } from '../../kernel/index.ts'

/** Memory that a response is read into, with the slack the kernel needs after its end. */
export class ReceiveBuffer {
  readonly buffer: Buffer
  readonly view: DataView
  /** Bytes that a response may take. */
  readonly capacity: number

  constructor(capacity: number) {
    const memory = new ArrayBuffer(capacity + sourceSlackBytes)
    this.buffer = Buffer.from(memory)
    this.view = new DataView(memory)
    this.capacity = capacity
  }
}
