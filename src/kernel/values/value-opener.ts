import type { RecordColumns } from '../columns.ts'
import { Reason } from '../dead-letter-reason.ts'
import { headerOf } from '../record-headers.ts'
import type { Framing } from './framing.ts'
import { openedValue } from './opened-value.ts'
import { replaceValues } from './replaced-values.ts'

/** Bytes that the opened values of one batch may take together; the rows after them are read again as the next batch. */
export const openedBytesPerBatch = 32 << 20

/**
 * Finds the JSON of the values of a batch, once, before anything else looks at them. A value that is not framed as it
 * should be becomes a dead letter. Where there is a prefix only, no bytes are copied.
 *
 * @returns How many rows there are room for; the others have to be read again.
 */
export type ValueOpener = (columns: RecordColumns) => number

export function valueOpener(framing: Framing): ValueOpener {
  switch (framing.kind) {
    case 'confluentJson':
      return prefixOpener(confluentPrefix(framing.ids))
    case 'apicurioJson':
      return prefixOpener(apicurioPrefix(framing.idBytes))
    case 'glueJson':
      return glueOpener(framing.bytesMax)
    case 'compressedJson':
      return valueMaker((value) => openedValue(value, framing.compression, framing.bytesMax))
    case 'rawBytes':
      return valueMaker((value) => Buffer.from(JSON.stringify(Buffer.from(value).toString('base64'))))
    case 'routedPart':
      return ({ count }) => count
  }
}

/** How many bytes stand before the JSON of a row's value; a text where it is not framed as it should be. */
type PrefixOf = (columns: RecordColumns, row: number) => number | string

function prefixOpener(prefixOf: PrefixOf): ValueOpener {
  return (columns) => {
    const { count, valueStart } = columns
    for (let row = 0; row < count; row++) {
      if (valueStart[row]! < 0) continue
      const prefix = prefixOf(columns, row)
      if (typeof prefix === 'number') valueStart[row]! += prefix
      else columns.refuse(row, Reason.UNDECODABLE, prefix)
    }
    return count
  }
}

const magicByte = 0
const guidVersion = 1
const confluentHeader = '__value_schema_id'
const confluentPrefixBytes = 5
const guidBytes = 16

/** @see Confluent, "Wire format" of the schema registry */
function confluentPrefix(ids: ReadonlySet<number | string> | undefined): PrefixOf {
  const unknown = (id: number | string) => `the value has the schema id ${id}, which is none of those that ids names`
  return (columns, row) => {
    const { bytes, valueStart, valueEnd } = columns
    const start = valueStart[row]!
    if (bytes[start] === magicByte && valueEnd[row]! - start > confluentPrefixBytes) {
      if (ids === undefined) return confluentPrefixBytes
      const id = uint32(bytes, start + 1)
      return ids.has(id) ? confluentPrefixBytes : unknown(id)
    }
    const header = headerOf(columns, row, confluentHeader)
    if (header === undefined) return 'the value has no prefix of a Confluent schema registry, nor its header'
    if (ids === undefined) return 0
    const id = idIn(header)
    return id !== undefined && ids.has(id) ? 0 : unknown(id ?? 'of an unknown form')
  }
}

/** The id in a header: a GUID in its usual spelling, or a number. */
function idIn(header: Uint8Array): number | string | undefined {
  if (header[0] === magicByte && header.length === confluentPrefixBytes) return uint32(header, 1)
  if (header[0] !== guidVersion || header.length !== 1 + guidBytes) return undefined
  const digits = Buffer.from(header.subarray(1)).toString('hex')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function uint32(bytes: Uint8Array, at: number): number {
  return bytes[at]! * 0x1000000 + (bytes[at + 1]! << 16) + (bytes[at + 2]! << 8) + bytes[at + 3]!
}

const apicurioHeaders = ['apicurio.value.contentId', 'apicurio.value.globalId', 'apicurio.value.contentHash']

function apicurioPrefix(idBytes: number): PrefixOf {
  const prefixBytes = 1 + idBytes
  return (columns, row) => {
    const { bytes, valueStart, valueEnd } = columns
    const start = valueStart[row]!
    if (bytes[start] === magicByte && valueEnd[row]! - start > prefixBytes) return prefixBytes
    const hasHeader = apicurioHeaders.some((name) => headerOf(columns, row, name) !== undefined)
    return hasHeader ? 0 : 'the value has no prefix of an Apicurio registry, nor one of its headers'
  }
}

const glueVersion = 3
const glueUncompressed = 0
const glueZlib = 5
const gluePrefixBytes = 18

function glueOpener(bytesMax: number): ValueOpener {
  const isFramed = ({ bytes, valueStart, valueEnd }: RecordColumns, row: number, compression: number) => {
    const start = valueStart[row]!
    if (valueEnd[row]! - start <= gluePrefixBytes) return false
    return bytes[start] === glueVersion && bytes[start + 1] === compression
  }
  const passOver = prefixOpener((columns, row) =>
    isFramed(columns, row, glueUncompressed) || isFramed(columns, row, glueZlib)
      ? gluePrefixBytes
      : 'the value has no prefix of the AWS Glue schema registry',
  )
  const unzip = (value: Uint8Array) => openedValue(value, 'zlib', bytesMax)
  return (columns) => {
    const zipped = new Set<number>()
    for (let row = 0; row < columns.count; row++) if (isFramed(columns, row, glueZlib)) zipped.add(row)
    passOver(columns)
    return zipped.size === 0 ? columns.count : valueMaker(unzip, (row) => zipped.has(row))(columns)
  }
}

/** Makes other bytes of values; what it throws becomes the cause of a dead letter. */
function valueMaker(make: (value: Uint8Array) => Uint8Array, isMade = (_row: number) => true): ValueOpener {
  return (columns) => {
    const { bytes, valueStart, valueEnd } = columns
    const made: (Uint8Array | undefined)[] = []
    let madeBytes = 0
    for (let row = 0; row < columns.count && (row === 0 || madeBytes < openedBytesPerBatch); row++) {
      let value: Uint8Array | undefined
      if (valueStart[row]! >= 0 && isMade(row)) {
        try {
          value = make(bytes.subarray(valueStart[row]!, valueEnd[row]!))
        } catch (error) {
          columns.refuse(row, Reason.UNDECODABLE, (error as Error).message)
        }
      }
      made.push(value)
      madeBytes += value?.length ?? 0
    }
    columns.count = made.length
    replaceValues(columns, (row) => made[row])
    return made.length
  }
}
