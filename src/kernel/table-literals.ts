import { assert } from '../core/assert.ts'
import { slackBytes } from './copied-bytes.ts'
import type { TableMachine } from './table-machine.ts'

/** What all records that a table writes have in common, where WebAssembly reads it. */
export class TableLiterals {
  readonly #machine: TableMachine
  #address = 0

  constructor(machine: TableMachine) {
    this.#machine = machine
  }

  /** Places texts by their index, in place of those before. */
  place(texts: readonly Uint8Array[]): void {
    const { run } = this.#machine
    if (this.#address !== 0) run.freeStage(this.#address)
    this.#address = run.takeStage(texts.reduce((sum, { length }) => sum + length, slackBytes)) >>> 0
    assert(this.#address !== 0, 'the memory has room for what records have in common')
    let at = this.#address
    const places = texts.flatMap((text) => {
      this.#machine.bytes.set(text, at)
      at += text.length
      return [at - text.length, text.length]
    })
    this.#machine.int32('literals', places.length).set(places)
  }
}
