import type { Clock } from '../core/clock.ts'
import type { Access } from './acl/access.ts'
import type { Cluster, ClusterNode } from './cluster.ts'
import type { Coordinated } from './coordinators.ts'
import { errorCode } from './error-code.ts'
import type { Authentication } from './sasl/authentication.ts'
import type { Reader } from './wire/reader.ts'
import type { InputOf, Type, ValueOf } from './wire/schema.ts'
import type { Writer } from './wire/writer.ts'

/** What a handler may know besides the request. */
export interface RequestContext {
  readonly cluster: Cluster
  /** The broker that is asked. */
  readonly node: ClusterNode
  readonly clock: Clock
  /** What the broker serves. */
  readonly apis: readonly Api[]
  readonly version: number
  readonly clientId: string
  readonly clientHost: string
  /** Has the broker listen to the connection that asked no more, once it is answered, for so long in milliseconds. */
  throttle(ms: number): void
  /** Who the connection that asked has proved to be. */
  readonly authentication: Authentication
  /** What the client may do. */
  readonly access: Access
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
  refuse(body: Reader, context: RequestContext, code: number): Answer | Promise<Answer>
}

interface ApiDefinition<Name extends string, Request extends AnyType, Response extends AnyType> {
  readonly key: number
  readonly name: Name
  readonly versions: readonly [first: number, last: number]
  readonly flexibleSince: number
  readonly request: Request
  readonly response: Response
  /** What is answered to a client that may not ask this at all; `undefined` where it may. */
  denied?(request: ValueOf<Request>, context: RequestContext): Handled<Response>
  /** Whose coordinator alone may answer a request; `undefined` where any broker may. */
  coordinatedBy?(request: ValueOf<Request>): Coordinated | undefined
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
  const refuse = async (request: ValueOf<Request>, context: RequestContext, code: number) => {
    // A cluster that knows nothing shapes the answer, and is thrown away with whatever the request did to it.
    const handled = await definition.handle(request, { ...context, cluster: context.cluster.blank() })
    return write(withErrors(handled, code))
  }
  return {
    ...definition,
    answer(body, context) {
      const request = definition.request.read(body) as ValueOf<Request>
      const denied = definition.denied?.(request, context)
      if (denied !== undefined) return write(denied)
      const coordinated = definition.coordinatedBy?.(request)
      if (coordinated !== undefined && context.cluster.coordinators.nodeIdOf(coordinated) !== context.node.id) {
        return refuse(request, context, errorCode.notCoordinator)
      }
      const handled = definition.handle(request, context)
      return handled instanceof Promise ? handled.then(write) : write(handled)
    },
    refuse: (body, context, code) => refuse(definition.request.read(body) as ValueOf<Request>, context, code),
  }
}

function withErrors<T>(response: T, code: number): T {
  if (Array.isArray(response)) return response.map((element) => withErrors(element, code)) as T
  if (typeof response !== 'object' || response === null || Buffer.isBuffer(response)) return response
  const fields = Object.entries(response).map(([name, value]) => [
    name,
    name === 'errorCode' ? code : withErrors(value, code),
  ])
  return Object.fromEntries(fields) as T
}
