import { ActorError } from '../../core/errors.ts'
import { type ActorMessage, type ActorRef, isRef } from '../actor/ref.ts'
import { decodeError, encodeError, isErrorObject, type WireError } from './wire-error.ts'

/** Buffers that were given away and are in a frame that has not been sent yet. */
const given = new WeakSet<ArrayBuffer>()

/** Says that these buffers belong to another thread. */
export function giveAway(buffers: readonly ArrayBuffer[]): void {
  for (const buffer of buffers) given.add(buffer)
}

/** How deep a message may be nested. */
const depthMax = 64

/** Something that structured clone would lose, and where in the value it stood. */
type Replaced =
  | { readonly at: readonly (string | number)[]; readonly ref: string }
  | { readonly at: readonly (string | number)[]; readonly error: WireError }

/** A value as it crosses to another thread. */
export interface Encoded {
  readonly value: unknown
  readonly replaced: readonly Replaced[] | undefined
  /** Buffers that are given to the other thread, and are empty here from then on. */
  readonly transfer: readonly ArrayBuffer[] | undefined
}

/**
 * Makes of a value what crosses: plain data, as structured clone takes them, references, errors with their code and
 * cause, and bytes. Bytes with a buffer of their own are given away, others copied.
 *
 * @param path - The actor that the value is for, for the error.
 *
 * @throws ActorError `ACTOR_NOT_SENDABLE` that names what does not cross.
 */
export function encode(value: unknown, path: string): Encoded {
  if (typeof value !== 'object' || value === null) {
    refuseFunctions(value, [], path)
    return { value, replaced: undefined, transfer: undefined }
  }
  if (isFlat(value)) return { value, replaced: undefined, transfer: undefined }
  const walk = new Walk(path)
  const encoded = walk.encode(value, [])
  return { value: encoded, replaced: walk.replaced, transfer: walk.transfer }
}

/** Whether a value is a plain object of texts, numbers and the like, as most messages are: no walk is needed then. */
function isFlat(value: object): boolean {
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
  for (const key in value) {
    const entry = (value as Record<string, unknown>)[key]
    const type = typeof entry
    if (type === 'object' ? entry !== null : type === 'function' || type === 'symbol') return false
  }
  return true
}

/** Whether a value crosses. */
export function isSendable(value: unknown, path: string): boolean {
  try {
    const { reply: _, ...rest } = value as { reply?: unknown }
    encode(rest, path)
    return true
  } catch {
    return false
  }
}

/** Makes the value again, on the thread that got it. */
export function decode(
  { value, replaced }: Pick<Encoded, 'value' | 'replaced'>,
  refOf: (path: string) => ActorRef<ActorMessage>,
): unknown {
  let decoded = value
  for (const each of replaced ?? []) {
    const original = 'ref' in each ? refOf(each.ref) : decodeError(each.error)
    const last = each.at.at(-1)
    if (last === undefined) decoded = original
    else (each.at.slice(0, -1).reduce(entryOf, decoded) as Record<string | number, unknown>)[last] = original
  }
  return decoded
}

function entryOf(value: unknown, key: string | number): unknown {
  return (value as Record<string | number, unknown>)[key]
}

/** One walk through a value. What has nothing to replace stays as it is, and is not copied. */
class Walk {
  replaced: Replaced[] | undefined
  transfer: ArrayBuffer[] | undefined
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  encode(value: unknown, at: readonly (string | number)[]): unknown {
    if (typeof value !== 'object' || value === null) return refuseFunctions(value, at, this.#path)
    if (at.length > depthMax) throw notSendable(this.#path, at, `is nested deeper than ${depthMax}`)
    if (isRef(value)) return this.#replace({ at, ref: value.path })
    if (isErrorObject(value)) return this.#replace({ at, error: encodeError(value) })
    if (Array.isArray(value)) return this.#encodeEntries(value, value.keys(), at)
    if (ArrayBuffer.isView(value)) return this.#encodeView(value, at)
    if (value instanceof ArrayBuffer) return this.#give(value, at) && value
    if (value instanceof Map) return this.#check(value, [...value.keys(), ...value.values()], at)
    if (value instanceof Set) return this.#check(value, value, at)
    if (value instanceof Date || value instanceof RegExp || value instanceof SharedArrayBuffer) return value
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return this.#encodeEntries(value, Object.keys(value), at)
    throw notSendable(this.#path, at, `is a ${value.constructor.name}; of classes only the data would cross`)
  }

  #encodeEntries(value: object, keys: Iterable<string | number>, at: readonly (string | number)[]): unknown {
    const entries = value as Record<string | number, unknown>
    let copy: Record<string | number, unknown> | undefined
    for (const key of keys) {
      const entry = entries[key]
      // Most entries are texts and numbers.
      if (typeof entry === 'string' || typeof entry === 'number') continue
      const encoded = this.encode(entry, [...at, key])
      if (encoded === entry) continue
      copy ??= (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string | number, unknown>
      copy[key] = encoded
    }
    return copy ?? value
  }

  /** The entries of a map or set have no place that a replacement could name. */
  #check(value: object, entries: Iterable<unknown>, at: readonly (string | number)[]): object {
    for (const entry of entries) {
      if (this.encode(entry, at) !== entry)
        throw notSendable(this.#path, at, 'is a map or set with a reference, an error or bytes in it')
    }
    return value
  }

  #encodeView(view: ArrayBufferView, at: readonly (string | number)[]): ArrayBufferView {
    const { buffer, byteOffset, byteLength } = view
    if (!(buffer instanceof ArrayBuffer)) return view
    if (byteOffset === 0 && byteLength === buffer.byteLength && !Buffer.isBuffer(view)) {
      this.#give(buffer, at)
      return view
    }
    // A part of a buffer would take all of it along.
    const copy = buffer.slice(byteOffset, byteOffset + byteLength)
    this.#give(copy, at)
    if (Buffer.isBuffer(view)) return new Uint8Array(copy)
    return new (view.constructor as new (buffer: ArrayBuffer) => ArrayBufferView)(copy)
  }

  #give(buffer: ArrayBuffer, at: readonly (string | number)[]): true {
    if (buffer.detached || given.has(buffer))
      throw notSendable(this.#path, at, 'is a buffer that was given away before')
    this.transfer ??= []
    if (!this.transfer.includes(buffer)) this.transfer.push(buffer)
    return true
  }

  #replace(replaced: Replaced): undefined {
    ;(this.replaced ??= []).push(replaced)
    return undefined
  }
}

function refuseFunctions<Value>(value: Value, at: readonly (string | number)[], path: string): Value {
  if (typeof value !== 'function' && typeof value !== 'symbol') return value
  throw notSendable(path, at, `is a ${typeof value}`)
}

function notSendable(path: string, at: readonly (string | number)[], fault: string): ActorError {
  const place = at.length === 0 ? 'it' : `'${at.join('.')}'`
  const message = `what is for ${path} does not cross to its thread: ${place} ${fault}`
  return new ActorError('ACTOR_NOT_SENDABLE', message, { path, place: at.join('.'), fault })
}
