import { types } from 'node:util'
import {
  ActorError,
  ConfigError,
  type ErrorCode,
  errorCatalogue,
  type ErrorDetails,
  FunctionError,
  KafkaError,
  MillraceError,
  StateError,
  TopologyError,
} from '../../core/errors.ts'

/** How many causes of causes cross. */
const causesMax = 16

const ownClasses = { ActorError, ConfigError, FunctionError, KafkaError, MillraceError, StateError, TopologyError }

/** An error as it crosses to another thread: structured clone would lose its code and its class. */
export interface WireError {
  /** Set where something was thrown that is no error. */
  readonly thrown?: unknown
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly code: unknown
  readonly details: ErrorDetails | undefined
  readonly cause: WireError | undefined
}

/** Whether something is an error, also one of another realm. */
export function isErrorObject(value: object): value is Error {
  return types.isNativeError(value)
}

export function encodeError(error: unknown, depth = 0): WireError {
  if (typeof error !== 'object' || error === null || !isErrorObject(error)) {
    const base = { name: '', message: '', stack: undefined, code: undefined, details: undefined, cause: undefined }
    return { ...base, thrown: isCloneable(error) ? error : String(error) }
  }
  const { name, message, stack, code, details, cause } = error as Error & { code?: unknown; details?: ErrorDetails }
  return {
    name,
    message,
    stack,
    code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
    details: MillraceError.is(error) ? details : undefined,
    cause: cause === undefined || depth === causesMax ? undefined : encodeError(cause, depth + 1),
  }
}

export function decodeError(wire: WireError): unknown {
  if ('thrown' in wire) return wire.thrown
  const { name, message, stack, code, details } = wire
  const cause = wire.cause && decodeError(wire.cause)
  const error =
    details !== undefined && typeof code === 'string' && code in errorCatalogue
      ? new (ownClasses[name as keyof typeof ownClasses] ?? MillraceError)(code as ErrorCode, message, details, cause)
      : foreignError(name, message, code, cause)
  if (stack !== undefined) error.stack = stack
  return error
}

function foreignError(name: string, message: string, code: unknown, cause: unknown): Error {
  const error = new Error(message, cause === undefined ? undefined : { cause })
  const set = (key: string, value: unknown) =>
    Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: key === 'code' })
  if (name !== 'Error') set('name', name)
  if (code !== undefined) set('code', code)
  return error
}

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}
