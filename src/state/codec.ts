import type { StandardSchemaV1 } from '@standard-schema/spec'
import { ConfigError, StateError } from '../core/errors.ts'
import { kindOf } from '../core/kind-of.ts'

/**
 * How values of one type are kept as bytes. A value is first *captured*, which checks it and makes it safe from later
 * changes, and written when its transaction commits.
 */
export interface Codec<Value, Captured = unknown> {
  readonly name: string
  capture(value: Value): Captured
  restore(captured: Captured): Value
  /** Bytes that a captured value takes at most. */
  bytesMax(captured: Captured): number
  /** Writes a captured value, and returns where it ends. */
  write(captured: Captured, bytes: Buffer, at: number): number
  read(bytes: Buffer, start: number, end: number): Value
}

/** What can be a key: keys of one table are told apart by `identityOf`, and ordered by `compare` as their bytes are. */
export interface KeyCodec<Key> extends Codec<Key, Key> {
  identityOf(key: Key): string | number
  compare(left: Key, right: Key): number
}

/** Strings, as UTF-8. As keys they are ordered by code points. */
export const text: KeyCodec<string> = {
  name: 'text',
  capture(value) {
    if (typeof value !== 'string') throw invalid('a string', value)
    if (!value.isWellFormed()) throw new StateError('STATE_VALUE_INVALID', 'a string has half of a surrogate pair')
    return value
  },
  restore: (captured) => captured,
  identityOf: (key) => key,
  compare: (left, right) => (left === right ? 0 : Buffer.compare(Buffer.from(left), Buffer.from(right))),
  bytesMax: (captured) => captured.length * 3,
  write(captured, bytes, at) {
    for (let index = 0; index < captured.length; index++) {
      const unit = captured.charCodeAt(index)
      if (unit > 127) return at + bytes.write(captured, at, 'utf8')
      bytes[at + index] = unit
    }
    return at + captured.length
  },
  read: (bytes, start, end) => bytes.toString('utf8', start, end),
}

/** Numbers but NaN; -0 is 0. As keys they are ordered as numbers are. */
export const number: KeyCodec<number> = {
  name: 'number',
  capture(value) {
    if (typeof value !== 'number' || Number.isNaN(value)) throw invalid('a number', value)
    return value + 0
  },
  restore: (captured) => captured,
  identityOf: (key) => key,
  compare: (left, right) => left - right,
  bytesMax: () => 8,
  // Bits of a float are ordered as the float is once those of negative ones are inverted and the sign of others is set.
  write(captured, bytes, at) {
    words.setFloat64(0, captured)
    const [high, low] = [words.getUint32(0), words.getUint32(4)]
    if (captured < 0) writeWords(bytes, at, ~high, ~low)
    else writeWords(bytes, at, high ^ signBit, low)
    return at + 8
  },
  read(bytes, start) {
    const [high, low] = [wordAt(bytes, start), wordAt(bytes, start + 4)]
    const isNegative = (high & signBit) === 0
    words.setUint32(0, isNegative ? ~high : high ^ signBit)
    words.setUint32(4, isNegative ? ~low : low)
    return words.getFloat64(0)
  },
}
const words = new DataView(new ArrayBuffer(8))
const signBit = 1 << 31

// The methods of buffers for it cost as much as finding a row.
function writeWords(bytes: Buffer, at: number, high: number, low: number): void {
  bytes[at] = high >>> 24
  bytes[at + 1] = high >>> 16
  bytes[at + 2] = high >>> 8
  bytes[at + 3] = high
  bytes[at + 4] = low >>> 24
  bytes[at + 5] = low >>> 16
  bytes[at + 6] = low >>> 8
  bytes[at + 7] = low
}

function wordAt(bytes: Buffer, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

/** Bytes, copied in and out. As keys they are ordered byte by byte. */
export const bytes: KeyCodec<Uint8Array> = {
  name: 'bytes',
  capture(value) {
    if (!(value instanceof Uint8Array)) throw invalid('a Uint8Array', value)
    return Uint8Array.from(value)
  },
  restore: (captured) => Uint8Array.from(captured),
  identityOf: (key) => Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1'),
  compare: (left, right) => Buffer.compare(left, right),
  bytesMax: (captured) => captured.length,
  write(captured, into, at) {
    into.set(captured, at)
    return at + captured.length
  },
  read: (from, start, end) => Uint8Array.from(from.subarray(start, end)),
}

/**
 * What JSON can hold: a copy of each value is kept, and another one is made each time that it is read.
 *
 * @param schema - Checks each value that is set, and may transform it; what is read is not checked again. It has to be
 * synchronous.
 */
export function json<Value>(schema?: StandardSchemaV1<unknown, Value>): Codec<Value, string> {
  return {
    name: 'json',
    capture(value) {
      const captured = written(schema === undefined ? value : checked(schema, value))
      if (captured === undefined) throw invalid('a value that JSON can hold', value)
      return captured
    },
    restore: (captured) => JSON.parse(captured) as Value,
    bytesMax: (captured) => text.bytesMax(captured),
    write: (captured, into, at) => text.write(captured, into, at),
    read: (from, start, end) => JSON.parse(from.toString('utf8', start, end)) as Value,
  }
}

/** @throws CONFIG_INVALID_VALUE where a table is given something else than codecs, or one of values for its keys. */
export function checkCodecs(table: string, { key, value }: { readonly key: unknown; readonly value: unknown }): void {
  checkCodec(table, 'key', key, ['capture', 'identityOf', 'compare'], 'text, number or bytes')
  checkCodec(table, 'value', value, ['capture', 'read', 'write'], 'text, number, bytes or json()')
}

function checkCodec(table: string, name: string, codec: unknown, methods: readonly string[], codecs: string): void {
  const given = Object(codec) as Record<string, unknown>
  if (methods.every((method) => typeof given[method] === 'function')) return
  const message = `${name} of table ${table} is ${kindOf(codec)}, but must be a codec: ${codecs}`
  throw new ConfigError('CONFIG_INVALID_VALUE', message, { table, name })
}

/** Nothing where JSON has no form for the value itself. @throws STATE_VALUE_INVALID where it has none for a part of it. */
function written(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new StateError('STATE_VALUE_INVALID', `a value has a part that JSON cannot hold: ${why}`, {}, cause)
  }
}

function checked<Value>(schema: StandardSchemaV1<unknown, Value>, value: unknown): Value {
  const result = schema['~standard'].validate(value)
  if (result instanceof Promise)
    throw new StateError('STATE_VALUE_INVALID', 'the schema of a table validates asynchronously: use one that does not')
  if (result.issues === undefined) return result.value
  const [issue] = result.issues
  throw new StateError('STATE_VALUE_INVALID', `a value does not match the schema of its table: ${issue?.message}`)
}

function invalid(expected: string, value: unknown): StateError {
  const given = value === null || Number.isNaN(value) ? String(value) : typeof value
  return new StateError('STATE_VALUE_INVALID', `expected ${expected}, not ${given}`)
}
