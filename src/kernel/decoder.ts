import { assert } from '../core/assert.ts'
import { keyBytesLimit } from './block.ts'
import { noSide, rowFlags, type RecordColumns } from './columns.ts'
import { Reason } from './dead-letter-reason.ts'
import { KeyTag, MergeKeyReader, NameTable, Scanner, Status, ValueKind } from './json/index.ts'

/** What a side keeps of its record. */
export type PartSource =
  /** The raw value of a field. */
  | { kind: 'field'; path: readonly string[] }
  /** The whole value of the record. */
  | { kind: 'record' }
  /** What a stage makes of it later. */
  | { kind: 'stage' }

export interface DecoderOptions {
  /** Field whose value names the side; absent when the side is chosen elsewhere, and then `side` is set before `decode`. */
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
 * Cost per record: one scan over its bytes.
 */
export class Decoder {
  readonly #scanner: Scanner
  readonly #keys: MergeKeyReader
  readonly #names: NameTable
  readonly #isRouted: boolean
  readonly #routeField: number
  readonly #keyField: number
  /** Field of each side's part; `wholeRecord` or `madeByStage`. */
  readonly #partFields: Int32Array

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
    this.#routeField = route === undefined ? -1 : fieldOf(route)
    this.#keyField = fieldOf(mergeKey)
    this.#partFields = Int32Array.from(sides, ({ part }) =>
      part.kind === 'field' ? fieldOf(part.path) : part.kind === 'record' ? wholeRecord : madeByStage,
    )
    this.#scanner = new Scanner(paths, { depthMax })
    this.#keys = new MergeKeyReader({ spellingBytesMax: keyBytesMax })
    this.#names = new NameTable(sides.map(({ name }) => name))
  }

  decode(columns: RecordColumns): void {
    const { count, side, flags, reason } = columns
    for (let row = 0; row < count; row++) {
      flags[row] = 0
      if (this.#isRouted) {
        side[row] = noSide
        reason[row] = 0
      } else if (reason[row] !== 0) continue
      const failure = this.#decodeRow(columns, row)
      if (failure !== 0) {
        side[row] = noSide
        reason[row] = failure
      }
    }
  }

  #decodeRow(columns: RecordColumns, row: number): number {
    const { bytes, view } = columns
    const start = columns.valueStart[row]!
    const end = columns.valueEnd[row]!
    if (start < 0) return Reason.NO_VALUE
    const scanner = this.#scanner
    const status = scanner.scan(bytes, view, start, end)
    if (status !== Status.OK) return status
    const { starts, ends, kinds } = scanner

    if (this.#isRouted) {
      const route = this.#routeField
      columns.side[row] = this.#names.findValue(bytes, view, starts[route]!, ends[route]!, kinds[route]! as ValueKind)
    }
    const side = columns.side[row]!
    if (side === noSide) return Reason.UNKNOWN_STAGE

    const key = this.#keyField
    const keyStatus = this.#readKey(columns, row, starts[key]!, ends[key]!, kinds[key]! as ValueKind)
    if (keyStatus !== Status.OK) return keyStatus

    const part = this.#partFields[side]!
    if (part >= 0) {
      if (kinds[part] === ValueKind.MISSING) return Reason.PART_MISSING
      columns.partStart[row] = starts[part]!
      columns.partEnd[row] = ends[part]!
    } else if (part === wholeRecord) {
      columns.partStart[row] = start
      columns.partEnd[row] = end
    } else columns.partStart[row] = -1
    return 0
  }

  #readKey(columns: RecordColumns, row: number, start: number, end: number, kind: ValueKind): Status {
    const keys = this.#keys
    const status = keys.read(columns.bytes, start, end, kind)
    if (status !== Status.OK) return status
    columns.keyStart[row] = keys.start
    columns.keyEnd[row] = keys.end
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

const wholeRecord = -1
const madeByStage = -2
