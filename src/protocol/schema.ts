/**
 * Messages as data: each API states its request and response once, and the same statement reads, writes and types them.
 * Fields have the names of Kafka's own message definitions; those of single versions are marked where they stand.
 */
import { MalformedMessage, type Reader } from './reader.ts'
import { Writer } from './writer.ts'

/** How values of one kind are read and written. `Input` admits `undefined` for fields that have a default. */
export interface Type<Value, Input = Value> {
  readonly read: (reader: Reader) => Value
  readonly write: (writer: Writer, value: Input) => void
}

type AnyType = Type<unknown, never>
export type ValueOf<T extends AnyType> = T extends Type<infer Value, never> ? Value : never
export type InputOf<T extends AnyType> = T extends Type<unknown, infer Input> ? Input : never

type Shape = Record<string, AnyType>
type Optional<S extends Shape> = { [K in keyof S]: undefined extends InputOf<S[K]> ? K : never }[keyof S]
type StructValue<S extends Shape> = { [K in keyof S]: ValueOf<S[K]> }
type StructInput<S extends Shape> = { [K in Exclude<keyof S, Optional<S>>]: InputOf<S[K]> } & {
  [K in Optional<S>]?: InputOf<S[K]>
}

export const int8: Type<number> = { read: (reader) => reader.int8(), write: (writer, value) => writer.int8(value) }
export const int16: Type<number> = { read: (reader) => reader.int16(), write: (writer, value) => writer.int16(value) }
export const uint16: Type<number> = {
  read: (reader) => reader.int16() & 0xffff,
  write: (writer, value) => writer.int16((value << 16) >> 16),
}
export const int32: Type<number> = { read: (reader) => reader.int32(), write: (writer, value) => writer.int32(value) }
export const int64: Type<number> = { read: (reader) => reader.int64(), write: (writer, value) => writer.int64(value) }

export const float64: Type<number> = {
  read: (reader) => reader.float64(),
  write: (writer, value) => writer.float64(value),
}

export const boolean: Type<boolean> = {
  read: (reader) => reader.int8() !== 0,
  write: (writer, value) => writer.int8(value ? 1 : 0),
}

/** 16 bytes, spelt in base64url as Kafka prints them. */
export const uuid: Type<string> = { read: (reader) => reader.uuid(), write: (writer, value) => writer.uuid(value) }
export const zeroUuid = 'A'.repeat(22)

export const nullableString: Type<string | null> = {
  read: (reader) => reader.string(),
  write: (writer, value) => writer.string(value),
}
export const string: Type<string> = {
  read: (reader) => reader.string() ?? refuseNull(),
  write: (writer, value) => writer.string(value),
}

export const bytes: Type<Buffer> = {
  read: (reader) => reader.bytes() ?? refuseNull(),
  write: (writer, value) => writer.bytes([value]),
}

export const nullableBytes: Type<Buffer | null> = {
  read: (reader) => reader.bytes(),
  write: (writer, value) => writer.bytes(value === null ? null : [value]),
}

/** Record batches: read as one view, written from wherever the pieces lie. */
export const records: Type<Buffer | null, readonly Buffer[] | null> = {
  read: (reader) => reader.bytes(),
  write: (writer, value) => writer.bytes(value),
}

export function nullableArray<Value, Input>(
  element: Type<Value, Input>,
): Type<Value[] | null, readonly Input[] | null> {
  return {
    read(reader) {
      const count = reader.count()
      if (count < 0) return null
      const values: Value[] = []
      for (let i = 0; i < count; i++) values.push(element.read(reader))
      return values
    },
    write(writer, values) {
      writer.count(values === null ? -1 : values.length)
      for (const value of values ?? []) element.write(writer, value)
    },
  }
}

export function array<Value, Input>(element: Type<Value, Input>): Type<Value[], readonly Input[]> {
  const { read, write } = nullableArray(element)
  return { read: (reader) => read(reader) ?? refuseNull(), write }
}

/** A field that may be null from version `first` on. */
export function nullableSince<Value, Input>(
  first: number,
  type: Type<Value | null, Input | null>,
): Type<Value | null, Input | null> {
  return {
    read(reader) {
      const value = type.read(reader)
      return value === null && reader.version < first ? refuseNull() : value
    },
    write: type.write,
  }
}

/** A field of the versions `first` to `last` that reads as `absent` elsewhere, and may be left out when written. */
export function versions<Value, Input>(
  first: number,
  last: number,
  type: Type<Value, Input>,
  absent: Value & Input,
): Type<Value, Input | undefined> {
  return {
    read: (reader) => (reader.version >= first && reader.version <= last ? type.read(reader) : absent),
    write(writer, value) {
      if (writer.version >= first && writer.version <= last) type.write(writer, value === undefined ? absent : value)
    },
  }
}

/** A field that exists from version `first` on. */
export function since<Value, Input>(first: number, type: Type<Value, Input>, absent: Value & Input) {
  return versions(first, Infinity, type, absent)
}

/** A field that exists up to version `last`. */
export function until<Value, Input>(last: number, type: Type<Value, Input>, absent: Value & Input) {
  return versions(0, last, type, absent)
}

/** A field of every version that has a default when written. */
export function defaulted<Value, Input>(type: Type<Value, Input>, value: Value & Input) {
  return versions(0, Infinity, type, value)
}

/** An optional field after the others, known by a number instead of by its place; sent only when given. */
interface Tagged<Value, Input> extends Type<Value, Input | undefined> {
  readonly tag: number
  readonly first: number
  readonly absent: Value
}

export function tagged<Value, Input>(
  tag: number,
  first: number,
  type: Type<Value, Input>,
  absent: Value,
): Tagged<Value, Input> {
  return {
    tag,
    first,
    absent,
    read: type.read,
    write(writer, value) {
      if (value !== undefined) type.write(writer, value)
    },
  }
}

const isTagged = (type: AnyType): type is Tagged<unknown, never> => 'tag' in type

/** Fields in order; in flexible versions followed by the tagged ones. */
export function struct<S extends Shape>(shape: S): Type<StructValue<S>, StructInput<S>> {
  const fields = Object.entries(shape).filter(([, type]) => !isTagged(type)) as [string, Type<unknown>][]
  const tags = Object.entries(shape).filter(([, type]) => isTagged(type)) as [string, Tagged<unknown, unknown>][]
  return {
    read(reader) {
      const value: Record<string, unknown> = {}
      for (const [name, type] of fields) value[name] = type.read(reader)
      for (const [name, type] of tags) value[name] = type.absent
      if (reader.flexible) {
        reader.tags((number) => {
          const known = tags.find(([, { tag }]) => tag === number)
          if (known === undefined) return undefined
          const [name, type] = known
          return () => void (value[name] = type.read(reader))
        })
      }
      return value as StructValue<S>
    },
    write(writer, input) {
      const value = input as Record<string, unknown>
      for (const [name, type] of fields) type.write(writer, value[name])
      if (writer.flexible) writeTags(writer, tags, value)
    },
  }
}

/** A structure that may be null: a byte before it says whether it is. */
export function nullable<Value, Input>(type: Type<Value, Input>): Type<Value | null, Input | null> {
  return {
    read: (reader) => (reader.int8() < 0 ? null : type.read(reader)),
    write(writer, value) {
      writer.int8(value === null ? -1 : 1)
      if (value !== null) type.write(writer, value)
    },
  }
}

function writeTags(writer: Writer, tags: [string, Tagged<unknown, unknown>][], value: Record<string, unknown>): void {
  const given = tags.filter(([name, type]) => value[name] !== undefined && writer.version >= type.first)
  writer.varuint(given.length)
  for (const [name, type] of given) {
    const field = new Writer(writer.version, true)
    type.write(field, value[name])
    writer.varuint(type.tag)
    writer.varuint(field.sizeBytes)
    for (const chunk of field.finish()) writer.raw(chunk)
  }
}

function refuseNull(): never {
  throw new MalformedMessage('a field that cannot be null is')
}
