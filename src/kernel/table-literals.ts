import { slackBytes } from './copied-bytes.ts'
import { encodeOriginsPrefix } from './origins.ts'
import type { Publication } from './pending-table-options.ts'
import type { TableMachine } from './table-machine.ts'

/** What all merged records of a program have in common, where `assembly/merge.ts` reads it. */
export class TableLiterals {
  readonly #machine: TableMachine
  #address = 0

  constructor(machine: TableMachine) {
    this.#machine = machine
  }

  /** Places the names of key and sides, and how the headers begin. Returns whether there was memory for them. */
  place({ keyName, sideNames }: Pick<Publication, 'keyName' | 'sideNames'>): boolean {
    const { run } = this.#machine
    const texts = [literal('{', keyName), ...[...sideNames].map((name) => literal(',', name)), encodeOriginsPrefix()]
    if (this.#address !== 0) run.freeStage(this.#address)
    this.#address = run.takeStage(texts.reduce((sum, { length }) => sum + length, slackBytes)) >>> 0
    let at = this.#address
    const places = texts.flatMap((text) => {
      this.#machine.bytes.set(text, at)
      at += text.length
      return [at - text.length, text.length]
    })
    this.#machine.int32('literals', places.length).set(places)
    return this.#address !== 0
  }
}

/** `<lead><name>:` */
function literal(lead: string, name: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(lead), name, Buffer.from(':')])
}
