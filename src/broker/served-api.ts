import {
  type Api,
  errorCode,
  errorFields,
  type Reader,
  type RequestOf,
  type ResponseInputOf,
  type Writer,
} from '../protocol/index.ts'
import type { Clock } from '../core/clock.ts'
import type { Access } from './acl/access.ts'
import type { Cluster, ClusterNode } from './cluster.ts'
import type { Coordinated } from './coordinators.ts'
import type { Authentication } from './sasl/authentication.ts'

/** What a handler may know besides the request. */
export interface RequestContext {
  readonly cluster: Cluster
  /** The broker that is asked. */
  readonly node: ClusterNode
  readonly clock: Clock
  /** What the broker serves. */
  readonly apis: readonly ServedApi[]
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

/** One API of the protocol, and how it is answered here. */
export type ServedApi<A extends Api = Api> = A & {
  answer(body: Reader, context: RequestContext): Answer | Promise<Answer>
  /** Answers with an error wherever the answer has room for one, and does nothing. */
  refuse(body: Reader, context: RequestContext, code: number): Answer | Promise<Answer>
}

interface Service<A extends Api> {
  /** What is answered to a client that may not ask this at all; `undefined` where it may. */
  denied?(request: RequestOf<A>, context: RequestContext): Handled<A>
  /** Whose coordinator alone may answer a request; `undefined` where any broker may. */
  coordinatedBy?(request: RequestOf<A>): Coordinated | undefined
  /** Answers one request; `undefined` sends nothing. */
  handle(request: RequestOf<A>, context: RequestContext): Handled<A> | Promise<Handled<A>>
}

type Handled<A extends Api> = ResponseInputOf<A> | undefined

export function serve<A extends Api>(api: A, service: Service<A>): ServedApi<A> {
  const read = (body: Reader) => api.request.read(body) as RequestOf<A>
  const write = (response: Handled<A>): Answer =>
    response === undefined ? undefined : (writer) => api.response.write(writer, response as never)
  const refuse = async (request: RequestOf<A>, context: RequestContext, code: number) => {
    // A cluster that knows nothing shapes the answer, and is thrown away with whatever the request did to it.
    const handled = await service.handle(request, { ...context, cluster: context.cluster.blank() })
    return write(withErrors(handled, code))
  }
  return {
    ...api,
    answer(body, context) {
      const request = read(body)
      const denied = service.denied?.(request, context)
      if (denied !== undefined) return write(denied)
      const coordinated = service.coordinatedBy?.(request)
      if (coordinated !== undefined && context.cluster.coordinators.nodeIdOf(coordinated) !== context.node.id) {
        return refuse(request, context, errorCode.notCoordinator)
      }
      const handled = service.handle(request, context)
      return handled instanceof Promise ? handled.then(write) : write(handled)
    },
    refuse: (body, context, code) => refuse(read(body), context, code),
  }
}

function withErrors<T>(response: T, code: number): T {
  if (Array.isArray(response)) return response.map((element) => withErrors(element, code)) as T
  if (typeof response !== 'object' || response === null || Buffer.isBuffer(response)) return response
  const fields = Object.entries(response).map(([name, value]) => [
    name,
    errorFields.has(name) ? code : withErrors(value, code),
  ])
  return Object.fromEntries(fields) as T
}
