import type { Wait } from '../cluster/broker-waits.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Attempt } from '../cluster/coordinator.ts'
import { refusal } from '../cluster/broker-error.ts'
import { steps } from './transaction-error.ts'
import type { TransactionRequest } from './transaction-state.ts'

/** The wait for an answer of a coordinator of transactions, from its first attempt in vain on. */
export class RequestWait implements Disposable {
  readonly #cluster: Cluster
  readonly #what: string
  #wait: Wait | undefined

  constructor(
    { cluster, transactionalId }: { cluster: Cluster; transactionalId: string },
    request: TransactionRequest,
  ) {
    this.#cluster = cluster
    this.#what = `${steps[request]} as "${transactionalId}"`
  }

  /** @param attempt - One in vain. */
  goesOn(attempt: Exclude<Attempt<unknown>, { type: 'answered' }>): void {
    this.#wait ??= this.#cluster.waits.begin(this.#what)
    this.#wait.failed('error' in attempt ? attempt.error : refusal(attempt.code, this.#what))
  }

  [Symbol.dispose](): void {
    this.#wait?.end()
  }
}
