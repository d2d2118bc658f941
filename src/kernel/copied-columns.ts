import { bytesEnd, type RecordColumns } from './columns.ts'
import type { CopiedBytes } from './copied-bytes.ts'
import type { TableMachine } from './table-machine.ts'
import type { TableSetup } from './table-setup.ts'

/** Columns by their names in `assembly/columns.ts`. */
const byteColumns = [
  ['sides', 'side'],
  ['reasons', 'reason'],
  ['flags', 'flags'],
] as const
const wordColumns = [
  ['keyStarts', 'keyStart'],
  ['keyEnds', 'keyEnd'],
  ['spellingStarts', 'spellingStart'],
  ['spellingEnds', 'spellingEnd'],
  ['partStarts', 'partStart'],
  ['partEnds', 'partEnd'],
] as const

/** The columns of rows in the memory of a table, as `assembly/columns.ts` reads them. */
export class CopiedColumns {
  readonly #machine: TableMachine
  readonly #setup: Pick<TableSetup, 'tellsNumbers' | 'carries' | 'hasLanes'>

  constructor(machine: TableMachine, setup: Pick<TableSetup, 'tellsNumbers' | 'carries' | 'hasLanes'>) {
    this.#machine = machine
    this.#setup = setup
  }

  /** Copies rows in, with their bytes; `extra` is where those are that were made on the way. */
  copyIn(columns: RecordColumns, from: number, to: number, bytes: CopiedBytes, extra: number): void {
    const machine = this.#machine
    const start = columns.recordStart[from]!
    const address = bytes.copyIn(columns.bytes, start, bytesEnd(columns, to))
    machine.run.setBases(address - start, extra)
    const count = to - from
    machine.int32('origin', 1)[0] = columns.partition
    machine.float64('offsets', count).set(columns.offset.subarray(from, to))
    machine.float64('timestamps', count).set(columns.timestamp.subarray(from, to))
    for (const [place, name] of byteColumns) machine.uint8(place, count).set(columns[name].subarray(from, to))
    for (const [place, name] of wordColumns) machine.int32(place, count).set(columns[name].subarray(from, to))
    const { tellsNumbers, carries, hasLanes } = this.#setup
    if (tellsNumbers) machine.int32('numbersTold', count).set(columns.numberTold.subarray(from, to))
    if (hasLanes) machine.uint8('lanes', count).set(columns.lane.subarray(from, to))
    if (!carries) return
    machine.int32('carriedStarts', count).set(columns.carriedStart.subarray(from, to))
    machine.int32('carriedEnds', count).set(columns.carriedEnd.subarray(from, to))
  }

  /** Takes over what the table says of the rows: those without a side any more have a reason. */
  copyOut(columns: RecordColumns, from: number, to: number): void {
    columns.side.set(this.#machine.uint8('sides', to - from), from)
    columns.reason.set(this.#machine.uint8('reasons', to - from), from)
  }
}
