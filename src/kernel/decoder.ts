import { assert } from '../core/assert.ts'
import { bytesEnd, noSide, passEnd, type RecordColumns, rowFlags } from './columns.ts'
import { keyBytesLimit } from './constants/block.ts'
import { columnsRowsMax, keyElsewhere, wholeRecord } from './constants/columns.ts'
import { unknownScalar } from './constants/status.ts'
import { carriedBytesMax } from './constants/trace-parent.ts'
import { encodeNameTable, type FieldPath, Scanner, scalarStatus, Status, type ValueKind } from './json/index.ts'
import { RowKeys } from './keys/row-keys.ts'
import type { KeyPlace } from './keys/key-place.ts'
import { PlacedKeys } from './keys/placed-keys.ts'
import { Reason } from './dead-letter-reason.ts'

/** Copies write so many bytes after their end. */
const copySlackBytes = 16
/** In place of the field of a part. */
const madeByStage = -2

/** What a side keeps of its record. */
export type PartSource =
  /** The raw value of a field. */
  | { kind: 'field'; path: FieldPath }
  /** The whole value of the record. */
  | { kind: 'record' }
  /** What a stage makes of it later. */
  | { kind: 'stage' }

export interface DecoderOptions {
  /**
   * Field whose value names the side; absent when the side is chosen elsewhere, and then `side` is set before `decode`.
   */
  route: FieldPath | undefined
  /** Sides by name, in the order of their index. */
  sides: readonly DecodedSide[]
  depthMax: number
  keyBytesMax: number
  /**
   * Whether steps before may have found rows to be dead letters, or filtered them; they have cleared the findings of
   * all other rows. @defaultValue false
   */
  hasFindings?: boolean
  /** Whether values are JSON strings, of which only the whole is kept, and nothing is looked for. @defaultValue false */
  areOpaque?: boolean
  /**
   * The least random part of the id of a trace that is followed, as 14 hexadecimal digits: rows then carry such a trace,
   * but for the `unseenRows` of their columns. Absent where nobody asks.
   */
  leastRandom?: Uint8Array | undefined
}

export interface DecodedSide {
  readonly name: string
  readonly part: PartSource
  /** Where the merge key of its records stands. */
  readonly key: KeyPlace
  /** Whether no record of this source is of it, whatever its field says. @defaultValue false */
  readonly isElsewhere?: boolean
}

/** Scopes of the names of a route: those that are looked for, and others. */
const here = 0
const elsewhere = 1

/**
 * Finds in each record its side, its merge key and its part, and checks that its value is JSON. What it cannot read it
 * marks as a dead letter with the reason.
 * WebAssembly does it, by `assembly/decoder.ts`, but for keys with escapes and numbers that are no plain integers.
 * Cost per record: one copy of its bytes, and one scan over them.
 */
export class Decoder {
  readonly #scanner: Scanner
  readonly #keys: RowKeys
  /** Absent where all keys are fields as they stand. */
  readonly #placedKeys: PlacedKeys | undefined
  readonly #isRouted: boolean
  readonly #hasFindings: boolean
  readonly #looksForTraces: boolean
  /** By side whether a stage makes the part; absent where something is looked for in values. */
  readonly #areMade: readonly boolean[] | undefined

  constructor({
    route,
    sides,
    depthMax,
    keyBytesMax,
    hasFindings = false,
    areOpaque = false,
    leastRandom,
  }: DecoderOptions) {
    assert(keyBytesMax <= keyBytesLimit, `a key has at most ${keyBytesLimit} bytes`)
    const paths: FieldPath[] = []
    const fieldOf = (path: FieldPath): number => {
      const known = paths.findIndex(
        (other) => other.length === path.length && other.every((name, i) => name === path[i]),
      )
      return known >= 0 ? known : paths.push(path) - 1
    }
    this.#isRouted = route !== undefined
    this.#hasFindings = hasFindings
    this.#areMade = areOpaque ? sides.map(({ part }) => part.kind === 'stage') : undefined
    const routeField = route === undefined ? -1 : fieldOf(route)
    const keyFields = sides.map(({ key }) => ('path' in key ? fieldOf(key.path) : keyElsewhere))
    const partFields = sides.map(({ part }) =>
      part.kind === 'field' ? fieldOf(part.path) : part.kind === 'record' ? wholeRecord : madeByStage,
    )
    this.#scanner = new Scanner(paths, { depthMax })
    this.#keys = new RowKeys(keyBytesMax)
    const places = sides.map(({ key }) => (key.kind === 'field' || key.kind === 'keyFunction' ? undefined : key))
    if (places.some((place) => place !== undefined)) this.#placedKeys = new PlacedKeys(places, this.#keys, keyBytesMax)
    const { machine } = this.#scanner
    const names = sides.map(({ name }) => name)
    const scopes = sides.map(({ isElsewhere = false }) => (isElsewhere ? elsewhere : here))
    const routes = machine.place(encodeNameTable(names, scopes))
    machine.int32('keyFields', sides.length).set(keyFields)
    machine.int32('partFields', sides.length).set(partFields)
    machine.run.configure(routeField, keyBytesMax, routes)
    this.#looksForTraces = leastRandom !== undefined && !areOpaque
    if (leastRandom !== undefined) {
      machine.uint8('leastRandom', leastRandom.length).set(leastRandom)
      machine.run.lookForTraces(machine.reserve(columnsRowsMax * carriedBytesMax + copySlackBytes))
    }
  }

  decode(columns: RecordColumns): void {
    columns.unseenRows = this.#looksForTraces ? [] : undefined
    if (this.#looksForTraces) columns.carryNothing()
    for (let from = 0, to = 0; from < columns.count; from = to) {
      to = passEnd(columns, from)
      if (this.#areMade === undefined) this.#decodePass(columns, from, to)
      else takeWhole(columns, from, to, this.#areMade)
      this.#placedKeys?.find(columns, from, to)
    }
  }

  #decodePass(columns: RecordColumns, from: number, to: number): void {
    const { machine } = this.#scanner
    const start = columns.recordStart[from]!
    const staged = machine.stage(columns.bytes, start, bytesEnd(columns, to))
    const count = to - from
    const inBytes = ['side', 'reason', 'flags'] as const
    const inWords = ['keyStart', 'keyEnd', 'partStart', 'partEnd'] as const
    for (const name of ['valueStart', 'valueEnd'] as const) {
      machine.int32(name, count).set(columns[name].subarray(from, to))
    }
    if (this.#looksForTraces) machine.int32('recordEnd', count).set(columns.recordEnd.subarray(from, to))
    if (!this.#isRouted) for (const name of inBytes) machine.uint8(name, count).set(columns[name].subarray(from, to))
    const found = this.#hasFindings ? takeFindings(columns, from, to) : undefined
    // Nothing is looked for in what has left.
    if (found !== undefined) for (const row of found.keys()) machine.int32('valueStart', count)[row - from] = -1
    const leftCount = machine.run.decode(count, staged - start)
    for (const name of inBytes) columns[name].set(machine.uint8(name, count), from)
    for (const name of inWords) columns[name].set(machine.int32(name, count), from)
    if (found !== undefined) putFindings(columns, found)
    if (leftCount > 0) this.#decodeRest(columns, from, to)
    if (columns.unseenRows !== undefined) this.#takeTraces(columns, from, columns.unseenRows)
  }

  /** Has rows carry what was found of traces. */
  #takeTraces(columns: RecordColumns, from: number, unseenRows: number[]): void {
    const { machine } = this.#scanner
    const oddCount = machine.run.oddRowCount()
    if (oddCount > 0) for (const row of machine.int32('oddRows', oddCount)) unseenRows.push(from + row)
    const count = machine.run.carryingCount()
    if (count === 0) return
    const rows = machine.int32('carryingRows', count)
    const ends = machine.int32('carriedEnds', count)
    const start = columns.extra.append(machine.uint8('carriedBytes', ends[count - 1]!))
    for (let at = 0, end = 0; at < count; at++) {
      const row = from + rows[at]!
      columns.carriedStart[row] = start + end
      end = ends[at]!
      columns.carriedEnd[row] = start + end
    }
  }

  /** Decodes what WebAssembly has left: keys that are not spelled canonically, values that are no objects. */
  #decodeRest(columns: RecordColumns, from: number, to: number): void {
    const { side, reason, valueStart, valueEnd } = columns
    const kinds = this.#scanner.machine.uint8('oddKind', to - from)
    for (let row = from; row < to; row++) {
      const kind = kinds[row - from]! as ValueKind
      if (reason[row] === unknownScalar) reason[row] = scalarStatus(columns.bytes, valueStart[row]!, valueEnd[row]!)
      else if (kind !== 0 && side[row] !== noSide) {
        const status = this.#keys.read(columns, row, kind)
        if (status !== Status.OK) reason[row] = status
      }
      if (reason[row] !== 0) side[row] = noSide
    }
  }
}

/** Flags that rows which have left bring with them. */
const leftFlags = rowFlags.filtered | rowFlags.unmade

/** Reason and flags of rows that have left before. */
type Findings = ReadonlyMap<number, readonly [reason: number, flags: number]>

function takeFindings(columns: RecordColumns, from: number, to: number): Findings {
  const found = new Map<number, readonly [number, number]>()
  for (let row = from; row < to; row++) {
    if (columns.hasLeft(row)) found.set(row, [columns.reason[row]!, columns.flags[row]! & leftFlags])
  }
  return found
}

function putFindings({ side, reason, flags }: RecordColumns, found: Findings): void {
  for (const [row, [why, left]] of found) {
    side[row] = noSide
    reason[row] = why
    flags[row] = left
  }
}

/** Keeps the values of rows as they are; `side` is set before. */
function takeWhole(columns: RecordColumns, from: number, to: number, areMade: readonly boolean[]): void {
  const { side, reason, flags, valueStart, valueEnd, partStart, partEnd } = columns
  for (let row = from; row < to; row++) {
    if (!columns.hasLeft(row)) {
      flags[row] = 0
      reason[row] = valueStart[row]! < 0 ? Reason.NO_VALUE : side[row] === noSide ? Reason.UNKNOWN_STAGE : 0
    }
    if (columns.hasLeft(row)) side[row] = noSide
    else {
      partStart[row] = areMade[side[row]!] ? -1 : valueStart[row]!
      partEnd[row] = valueEnd[row]!
    }
  }
}
