import { assert } from '../core/assert.ts'
import type { InputOf, Type, ValueOf } from './schema.ts'

type AnyType = Type<unknown, never>

/** One API of the protocol: its number, the versions that are implemented, and what is asked and answered in them. */
export interface Api<
  Name extends string = string,
  Request extends AnyType = AnyType,
  Response extends AnyType = AnyType,
> {
  readonly key: number
  readonly name: Name
  readonly versions: readonly [first: number, last: number]
  /** The first version with compact lengths and tagged fields. */
  readonly flexibleSince: number
  readonly request: Request
  readonly response: Response
}

/** A request as it is read. */
export type RequestOf<A extends Api> = ValueOf<A['request']>
/** A request as it is written: fields that have a default may be left out. */
export type RequestInputOf<A extends Api> = InputOf<A['request']>
/** A response as it is read. */
export type ResponseOf<A extends Api> = ValueOf<A['response']>
/** A response as it is written: fields that have a default may be left out. */
export type ResponseInputOf<A extends Api> = InputOf<A['response']>

export function defineApi<const Name extends string, Request extends AnyType, Response extends AnyType>(
  api: Api<Name, Request, Response>,
): Api<Name, Request, Response> {
  return api
}

/** The same API in fewer versions: those that a client can be content with. */
export function within<A extends Api>(api: A, first: number, last: number): A {
  assert(first >= api.versions[0] && first <= last && last <= api.versions[1], 'only versions that are implemented')
  return { ...api, versions: [first, last] }
}
