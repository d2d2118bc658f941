import { strictUtf8 } from '../../core/strict-utf8.ts'
import { unknownScalar } from '../constants/status.ts'
import { fieldsMax } from '../constants/value-kind.ts'
import type { FieldPath } from './field-path.ts'
import { fieldTree } from './field-tree.ts'
import { ScannerMachine } from './scanner-machine.ts'
import { Status } from './status.ts'

const frameBytes = 16

/**
 * Finds fields in JSON bytes without parsing them, with the semantics of `JSON.parse`: of two members with one name the
 * last counts, names compare after unescaping, and the whole record is checked. After a `scan` that returned `OK`,
 * `starts`, `ends` and `kinds` tell of each field where its value lies (quotes included) and what it is; `starts` and
 * `ends` of a missing field are -1. After any other status their content means nothing.
 *
 * The work is done in WebAssembly, by `../assembly/json.ts`.
 */
export class Scanner {
  readonly machine = new ScannerMachine()
  readonly starts = new Int32Array(fieldsMax)
  readonly ends = new Int32Array(fieldsMax)
  kinds = new Int32Array(fieldsMax)

  /**
   * @param paths - At most 32 distinct paths; each is the names, and indexes of arrays, from the record down to the field.
   * @param options.depthMax - Most containers within one another, the record included.
   */
  constructor(paths: readonly FieldPath[], { depthMax = 512 }: { depthMax?: number } = {}) {
    const { machine } = this
    const { root, fields, scopes, belowStarts, below, names, elementStarts, elements } = fieldTree(paths)
    const place = (table: Uint8Array | Int32Array) => machine.place(table)
    machine.run.setTree(
      root,
      place(fields),
      place(scopes),
      place(belowStarts),
      place(below),
      place(names),
      place(elementStarts),
      place(elements),
      machine.reserve(frameBytes * (depthMax + 1)),
      depthMax,
    )
  }

  /** Scans the record from `from` to `to`; returns `OK`, or the first reason met why the record is refused. */
  scan(bytes: Uint8Array, from: number, to: number): Status {
    const { machine } = this
    const staged = machine.stage(bytes, from, to)
    const status = machine.run.scan(staged, staged + to - from)
    if (status === unknownScalar) return scalarStatus(bytes, from, to)
    const base = staged - from
    machine.int32('starts', fieldsMax).forEach((start, field) => (this.starts[field] = start < 0 ? -1 : start - base))
    machine.int32('ends', fieldsMax).forEach((end, field) => (this.ends[field] = end < 0 ? -1 : end - base))
    this.kinds.set(machine.int32('kinds', fieldsMax))
    return status as Status
  }
}

/**
 * The status of a record that is neither object nor array. It is a dead letter in any case, so it may cost something.
 */
export function scalarStatus(bytes: Uint8Array, start: number, end: number): Status {
  let text: string
  try {
    text = strictUtf8.decode(bytes.subarray(start, end))
  } catch {
    return Status.NOT_UTF8
  }
  try {
    JSON.parse(text)
    return Status.NOT_AN_OBJECT
  } catch {
    return Status.NOT_JSON
  }
}
