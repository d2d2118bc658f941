import { type RecordColumns, rowFlags } from '../../kernel/index.ts'

/** Reads parts as text. State: views of the bytes that the last ones stood in, which the rows of a batch share. */
export class PartTexts {
  readonly #found = new SharedView()
  readonly #made = new SharedView()

  /** Of a part as it was found or made: text in UTF-8. */
  of({ bytes, extra, flags, partStart, partEnd }: RecordColumns, row: number): string {
    const isMade = (flags[row]! & rowFlags.partInExtra) !== 0
    const view = isMade ? this.#made.of(extra.bytes) : this.#found.of(bytes)
    return view.toString('utf8', partStart[row]!, partEnd[row]!)
  }
}

class SharedView {
  #bytes: Uint8Array | undefined
  #view: Buffer = Buffer.alloc(0)

  of(bytes: Uint8Array): Buffer {
    if (bytes === this.#bytes) return this.#view
    this.#bytes = bytes
    this.#view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return this.#view
  }
}
