import { sleep } from '../../core/clock.ts'
import type { MillraceError } from '../../core/errors.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Attempt } from '../cluster/coordinator.ts'
import { retryDelayMs, soonDelayMs } from '../cluster/retry.ts'
import { RequestWait } from './request-wait.ts'
import type { TransactionAction, TransactionEvent, TransactionRequest } from './transaction-state.ts'
import { unlessAborted } from './unless-aborted.ts'

export interface RequestLoop<Response> {
  readonly cluster: Cluster
  readonly transactionalId: string
  readonly request: Exclude<TransactionRequest, 'produce'>
  /** Ends the loop, with its reason as the error. */
  readonly signal: AbortSignal
  /** @param isMemberOver - The attempt before was refused because its membership is over. */
  attempt(isMemberOver: boolean): Promise<Attempt<Response>>
  /** Tells the state machine what became of an attempt; it decides how to go on. */
  apply(event: TransactionEvent): readonly TransactionAction[]
}

export type LoopEnd<Response> =
  | { readonly type: 'answered'; readonly response: Response }
  /** The state machine wants something else than another attempt. */
  | {
      readonly type: 'decided'
      readonly actions: readonly TransactionAction[]
      readonly error: MillraceError | undefined
    }

/** Asks a coordinator until it answers, or until the state machine wants no further attempt. */
export async function repeatRequest<Response>(loop: RequestLoop<Response>): Promise<LoopEnd<Response>> {
  const { cluster, request, signal } = loop
  const { clock, random, deadlineMs } = cluster.retryPolicy
  const endMs = clock.monotonicMs() + deadlineMs
  let isMemberOver = false
  using wait = new RequestWait(loop, request)
  for (let count = 0; ; count++) {
    const result: Attempt<Response> = await unlessAborted(loop.attempt(isMemberOver), signal)
    if (result.type === 'answered') return result
    const error = 'error' in result ? result.error : undefined
    let actions: readonly TransactionAction[] =
      result.type === 'unreachable' ? unreachable : loop.apply({ ...result, request })
    const isLast = clock.monotonicMs() > endMs || error?.retryable === false
    if (actions[0]?.type === 'retry' && isLast) actions = loop.apply({ type: 'gaveUp', request })
    const [retry] = actions
    if (retry?.type !== 'retry') return { type: 'decided', actions, error }
    wait.goesOn(result)
    isMemberOver = retry.isMemberOver === true
    await sleep(clock, retry.pause === 'soon' ? soonDelayMs(count) : retryDelayMs(count, random), signal)
  }
}

const unreachable: readonly TransactionAction[] = [{ type: 'retry', pause: 'backoff' }]
