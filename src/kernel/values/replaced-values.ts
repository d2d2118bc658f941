import { type RecordColumns, sourceSlackBytes } from '../columns.ts'

/**
 * Gives rows other values. The records move into memory of their own, each with its new value after it, so that key,
 * headers and the value that it came with are still found in it.
 *
 * @param valueOf - The value of a row; null for none, undefined for the one that it has.
 */
export function replaceValues(columns: RecordColumns, valueOf: (row: number) => Uint8Array | null | undefined): void {
  const { count, recordStart, recordEnd, valueStart, valueEnd } = columns
  const values: (Uint8Array | undefined)[] = []
  let length = 0
  for (let row = 0; row < count; row++) {
    const value = valueOf(row)
    if (value === null) {
      valueStart[row] = -1
      valueEnd[row] = recordEnd[row]!
    }
    values.push(value ?? valueApart(columns, row))
    length += recordEnd[row]! - recordStart[row]! + (values[row]?.length ?? 0)
  }
  const memory = Buffer.allocUnsafeSlow(length + sourceSlackBytes)
  let at = 0
  for (let row = 0; row < count; row++) {
    const start = recordStart[row]!
    const moved = at - start
    memory.set(columns.bytes.subarray(start, recordEnd[row]!), at)
    recordStart[row] = at
    at = recordEnd[row]! += moved
    const value = values[row]
    if (value === undefined) {
      valueEnd[row]! += moved
      if (valueStart[row]! >= 0) valueStart[row]! += moved
    } else {
      memory.set(value, at)
      valueStart[row] = at
      at = valueEnd[row] = at + value.length
    }
  }
  columns.bytes = memory
  columns.view = new DataView(memory.buffer)
}

/** A value that was replaced before, and so does not lie in its record. */
function valueApart({ bytes, recordEnd, valueStart, valueEnd }: RecordColumns, row: number): Uint8Array | undefined {
  if (valueStart[row]! < recordEnd[row]!) return undefined
  return bytes.subarray(valueStart[row]!, valueEnd[row]!)
}
