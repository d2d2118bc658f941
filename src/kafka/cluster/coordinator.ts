import { type ErrorDetails, MillraceError } from '../../core/errors.ts'
import { type Api, errorCode, type RequestInputOf, type ResponseOf } from '../../protocol/index.ts'
import { apis } from '../network/apis.ts'
import { errorIn, refusal } from './broker-error.ts'
import type { Cluster } from './cluster.ts'
import { meaningOf } from './error-meaning.ts'
import type { Connection } from '../network/connection.ts'

const keyTypes = { group: 0, transaction: 1 } as const

/** What became of one request to a coordinator. */
export type Attempt<Response> =
  | { readonly type: 'answered'; readonly response: Response }
  | { readonly type: 'refused'; readonly code: number }
  /** It was sent, and the connection broke before the answer came. */
  | { readonly type: 'lost'; readonly error: MillraceError }
  /** It was not sent; the error tells whether another attempt makes sense. */
  | { readonly type: 'unreachable'; readonly error: MillraceError }

/**
 * What a connection is for, since a broker answers the requests of one in order, and how long an answer may take there.
 */
export interface Purpose {
  readonly name: string
  readonly requestTimeoutMs?: number
}

const anyPurpose: Purpose = { name: 'coordinator' }

/**
 * What a coordinator has answered.
 *
 * @throws KafkaError for any other outcome, with the broker's name for a refusal as `details.brokerError`.
 */
export function answerOf<Response>(attempt: Attempt<Response>, what: string, details: ErrorDetails = {}): Response {
  if (attempt.type === 'answered') return attempt.response
  throw attempt.type === 'refused' ? refusal(attempt.code, what, details) : attempt.error
}

/**
 * The broker that coordinates one group or one transactional id. It is looked for by the first request, and by the next
 * one after it has said that it coordinates no more, or could not be reached.
 */
export class Coordinator {
  readonly #cluster: Cluster
  readonly #kind: keyof typeof keyTypes
  readonly #id: string
  #place: { nodeId: number; host: string; port: number } | undefined

  constructor(cluster: Cluster, kind: keyof typeof keyTypes, id: string) {
    this.#cluster = cluster
    this.#kind = kind
    this.#id = id
  }

  /** Asks once. */
  async ask<A extends Api>(
    api: A,
    request: RequestInputOf<A>,
    purpose: Purpose = anyPurpose,
  ): Promise<Attempt<ResponseOf<A>>> {
    const attempt = await this.#ask(api, request, purpose)
    if (hasMoved(attempt)) this.#place = undefined
    return attempt
  }

  async #ask<A extends Api>(api: A, request: RequestInputOf<A>, purpose: Purpose): Promise<Attempt<ResponseOf<A>>> {
    let isSent = false
    try {
      const found = await this.#connection(purpose)
      if (found.type !== 'answered') return found
      isSent = true
      const response = await found.response.ask(api, request)
      const code = errorIn(response)
      return code === errorCode.none ? { type: 'answered', response } : { type: 'refused', code }
    } catch (error) {
      if (!MillraceError.is(error)) throw error
      return { type: isSent ? 'lost' : 'unreachable', error }
    }
  }

  async #connection({ name, requestTimeoutMs }: Purpose): Promise<Attempt<Connection>> {
    if (this.#place === undefined) {
      const any = await this.#cluster.anyConnection()
      const response = await any.ask(apis.findCoordinator, {
        keyType: keyTypes[this.#kind],
        coordinatorKeys: [this.#id],
      })
      const code = errorIn(response)
      if (code !== errorCode.none) return { type: 'refused', code }
      this.#place = response.coordinators[0]!
    }
    return { type: 'answered', response: await this.#cluster.connectionTo(this.#place, name, requestTimeoutMs) }
  }
}

/** Whether the coordinator may be another one by the next attempt. */
function hasMoved(attempt: Attempt<unknown>): boolean {
  if (attempt.type === 'refused') return meaningOf(attempt.code) === 'coordinatorMoved'
  return attempt.type !== 'answered'
}
