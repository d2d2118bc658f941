import { assert } from '../core/assert.ts'
import { noSide, passEnd, rowFlags, type RecordColumns } from './columns.ts'
import { keyBytesLimit } from './constants/block.ts'
import { wholeRecord } from './constants/columns.ts'
import { unknownScalar } from './constants/status.ts'
import { encodeNameTable, KeyTag, MergeKeyReader, Scanner, scalarStatus, Status, type ValueKind } from './json/index.ts'

/** In place of the field of a part. */
const madeByStage = -2

/** What a side keeps of its record. */
export type PartSource =
  /** The raw value of a field. */
  | { kind: 'field'; path: readonly string[] }
  /** The whole value of the record. */
  | { kind: 'record' }
  /** What a stage makes of it later. */
  | { kind: 'stage' }

export interface DecoderOptions {
  /**
   * Field whose value names the side; absent when the side is chosen elsewhere, and then `side` is set before `decode`.
   */
  route: readonly string[] | undefined
  mergeKey: readonly string[]
  /** Sides by name, in the order of their index. */
  sides: readonly { name: string; part: PartSource }[]
  depthMax: number
  keyBytesMax: number
}

/**
 * Finds in each record its side, its merge key and its part, and checks that its value is JSON. What it cannot read it
 * marks as a dead letter with the reason.
 * WebAssembly does it, by `assembly/decoder.ts`, but for keys with escapes and numbers that are no plain integers.
 * Cost per record: one copy of its bytes, and one scan over them.
 */
export class Decoder {
  readonly #scanner: Scanner
  readonly #keys: MergeKeyReader
  readonly #isRouted: boolean

  constructor({ route, mergeKey, sides, depthMax, keyBytesMax }: DecoderOptions) {
    assert(keyBytesMax <= keyBytesLimit, `a key has at most ${keyBytesLimit} bytes`)
    const paths: (readonly string[])[] = []
    const fieldOf = (path: readonly string[]): number => {
      const known = paths.findIndex(
        (other) => other.length === path.length && other.every((name, i) => name === path[i]),
      )
      return known >= 0 ? known : paths.push(path) - 1
    }
    this.#isRouted = route !== undefined
    const routeField = route === undefined ? -1 : fieldOf(route)
    const keyField = fieldOf(mergeKey)
    const partFields = sides.map(({ part }) =>
      part.kind === 'field' ? fieldOf(part.path) : part.kind === 'record' ? wholeRecord : madeByStage,
    )
    this.#scanner = new Scanner(paths, { depthMax })
    this.#keys = new MergeKeyReader({ spellingBytesMax: keyBytesMax })
    const { machine } = this.#scanner
    const routes = machine.place(encodeNameTable(sides.map(({ name }) => name)))
    machine.int32('partFields', sides.length).set(partFields)
    machine.run.configure(routeField, keyField, keyBytesMax, routes)
  }

  decode(columns: RecordColumns): void {
    for (let from = 0, to = 0; from < columns.count; from = to) {
      to = passEnd(columns, from)
      this.#decodePass(columns, from, to)
    }
  }

  #decodePass(columns: RecordColumns, from: number, to: number): void {
    const { machine } = this.#scanner
    const start = columns.recordStart[from]!
    const staged = machine.stage(columns.bytes, start, columns.recordEnd[to - 1]!)
    const count = to - from
    const inBytes = ['side', 'reason', 'flags'] as const
    const inWords = ['keyStart', 'keyEnd', 'partStart', 'partEnd'] as const
    for (const name of ['valueStart', 'valueEnd'] as const) {
      machine.int32(name, count).set(columns[name].subarray(from, to))
    }
    if (!this.#isRouted) for (const name of inBytes) machine.uint8(name, count).set(columns[name].subarray(from, to))
    const leftCount = machine.run.decode(count, staged - start)
    for (const name of inBytes) columns[name].set(machine.uint8(name, count), from)
    for (const name of inWords) columns[name].set(machine.int32(name, count), from)
    if (leftCount > 0) this.#decodeRest(columns, from, to)
  }

  /** Decodes what WebAssembly has left: keys that are not spelled canonically, values that are no objects. */
  #decodeRest(columns: RecordColumns, from: number, to: number): void {
    const { side, reason, valueStart, valueEnd } = columns
    const kinds = this.#scanner.machine.uint8('oddKind', to - from)
    for (let row = from; row < to; row++) {
      const kind = kinds[row - from]! as ValueKind
      if (reason[row] === unknownScalar) reason[row] = scalarStatus(columns.bytes, valueStart[row]!, valueEnd[row]!)
      else if (kind !== 0 && side[row] !== noSide) {
        const status = this.#readKey(columns, row, kind)
        if (status !== Status.OK) reason[row] = status
      }
      if (reason[row] !== 0) side[row] = noSide
    }
  }

  #readKey(columns: RecordColumns, row: number, kind: ValueKind): Status {
    const keys = this.#keys
    const start = columns.keyStart[row]!
    const end = columns.keyEnd[row]!
    const status = keys.read(columns.bytes, start, end, kind)
    if (status !== Status.OK) return status
    columns.flags[row] = keys.tag === KeyTag.NUMBER ? rowFlags.keyIsNumber : 0
    if (!keys.inScratch) return Status.OK
    // The canonical form of a long number can be longer than its spelling.
    const isTooLong = keys.end - keys.start > keyBytesLimit
    if (!isTooLong) this.#keepRespelled(columns, row, start, end)
    keys.clear()
    return isTooLong ? Status.KEY_TOO_LONG : Status.OK
  }

  /** The canonical key moves to the columns, which outlive the reader's scratch. */
  #keepRespelled(columns: RecordColumns, row: number, start: number, end: number): void {
    const keys = this.#keys
    const kept = columns.extra.append(keys.scratch.subarray(keys.start, keys.end))
    columns.keyStart[row] = kept
    columns.keyEnd[row] = kept + (keys.end - keys.start)
    columns.spellingStart[row] = start
    columns.spellingEnd[row] = end
    columns.flags[row]! |= rowFlags.keyInExtra | rowFlags.keyRespelled
  }
}
