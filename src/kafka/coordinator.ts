import { type API, findCoordinatorV4 } from '@platformatic/kafka'
import type { MillraceError } from '../core/errors.ts'
import { asKafkaError, brokerCodesOf, brokerErrors } from './broker-error.ts'
import type { Cluster } from './cluster.ts'
import type { Connection } from './connection.ts'

const keyTypes = { group: 0, transaction: 1 } as const

/** What became of one request to a coordinator. */
export type Attempt<Response> =
  | { readonly type: 'answered'; readonly response: Response }
  | { readonly type: 'refused'; readonly code: number }
  /** It was sent, and the connection broke before the answer came. */
  | { readonly type: 'lost'; readonly error: MillraceError }
  /** It was not sent; the error tells whether another attempt makes sense. */
  | { readonly type: 'unreachable'; readonly error: MillraceError }

/** The broker that coordinates one group or one transactional id; it is looked for once, and again when it has moved. */
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

  /** Has the coordinator looked for anew by the next request. */
  forget(): void {
    this.#place = undefined
  }

  /** Calls an API function once. */
  async call<Arguments extends unknown[], Response>(
    api: API<Arguments, Response>,
    ...args: Arguments
  ): Promise<Attempt<Response>> {
    let isSent = false
    try {
      const connection = await this.#connection()
      isSent = true
      return { type: 'answered', response: await connection.call(api, ...args) }
    } catch (error) {
      // What kept the others from being attempted is more telling than that they were not.
      const codes = brokerCodesOf(error)
      const code = codes.find((other) => other !== brokerErrors.operationNotAttempted) ?? codes[0]
      if (code !== undefined) return { type: 'refused', code }
      return { type: isSent ? 'lost' : 'unreachable', error: asKafkaError(error, `asking ${this.#name}`) }
    }
  }

  get #name(): string {
    return this.#kind === 'group' ? `group "${this.#id}"` : `transactional id "${this.#id}"`
  }

  async #connection(): Promise<Connection> {
    this.#place ??= await this.#find()
    return this.#cluster.connectionTo(this.#place, 'coordinator')
  }

  async #find() {
    const any = await this.#cluster.anyConnection()
    const response = await any.call(findCoordinatorV4.api, keyTypes[this.#kind], [this.#id])
    return response.coordinators[0]!
  }
}
