import type { Clock } from '../core/clock.ts'
import type { Cluster } from './cluster.ts'
import type { Authentication } from './sasl/authentication.ts'
import type { Reader } from './wire/reader.ts'
import type { InputOf, Type, ValueOf } from './wire/schema.ts'
import type { Writer } from './wire/writer.ts'

/** What a handler may know besides the request. */
export interface RequestContext {
  readonly cluster: Cluster
  readonly clock: Clock
  /** What the broker serves. */
  readonly apis: readonly Api[]
  readonly version: number
  readonly clientId: string
  readonly clientHost: string
  /** Who the connection that asked has proved to be. */
  readonly authentication: Authentication
  /** Aborts when the connection that asked is gone. */
  readonly closed: AbortSignal
}

/** Writes the body of a response; `undefined` where the protocol wants none. */
export type Answer = ((writer: Writer) => void) | undefined

/** One API of the protocol: what it is called, which versions of it are served, and how it is answered. */
export interface Api {
  readonly key: number
  readonly name: string
  readonly versions: readonly [first: number, last: number]
  /** The first version with compact lengths and tagged fields. */
  readonly flexibleSince: number
  answer(body: Reader, context: RequestContext): Answer | Promise<Answer>
  /** Answers with an error wherever the answer has room for one, and does nothing. */
  refuse(body: Reader, context: RequestContext, errorCode: number): Answer | Promise<Answer>
}

interface ApiDefinition<Name extends string, Request extends AnyType, Response extends AnyType> {
  readonly key: number
  readonly name: Name
  readonly versions: readonly [first: number, last: number]
  readonly flexibleSince: number
  readonly request: Request
  readonly response: Response
  /** Answers one request; `undefined` sends nothing. */
  handle(request: ValueOf<Request>, context: RequestContext): Handled<Response> | Promise<Handled<Response>>
}

type AnyType = Type<unknown, never>

type Handled<Response extends AnyType> = InputOf<Response> | undefined

export type DefinedApi<Name extends string, Request extends AnyType, Response extends AnyType> = Api & {
  readonly name: Name
  readonly request: Request
  readonly response: Response
}

export function defineApi<const Name extends string, Request extends AnyType, Response extends AnyType>(
  definition: ApiDefinition<Name, Request, Response>,
): DefinedApi<Name, Request, Response> {
  const write = (response: Handled<Response>): Answer =>
    response === undefined ? undefined : (writer) => definition.response.write(writer, response as never)
  const handle = (body: Reader, context: RequestContext) =>
    definition.handle(definition.request.read(body) as ValueOf<Request>, context)
  return {
    ...definition,
    answer(body, context) {
      const handled = handle(body, context)
      return handled instanceof Promise ? handled.then(write) : write(handled)
    },
    async refuse(body, context, errorCode) {
      // A cluster that knows nothing shapes the answer, and is thrown away with whatever the request did to it.
      const handled = await handle(body, { ...context, cluster: context.cluster.blank() })
      return write(withErrors(handled, errorCode))
    },
  }
}

function withErrors<T>(response: T, errorCode: number): T {
  if (Array.isArray(response)) return response.map((element) => withErrors(element, errorCode)) as T
  if (typeof response !== 'object' || response === null || Buffer.isBuffer(response)) return response
  const fields = Object.entries(response).map(([name, value]) => [
    name,
    name === 'errorCode' ? errorCode : withErrors(value, errorCode),
  ])
  return Object.fromEntries(fields) as T
}
