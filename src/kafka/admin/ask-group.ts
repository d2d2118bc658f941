import type { Cluster } from '../cluster/cluster.ts'
import { answerOf, Coordinator } from '../cluster/coordinator.ts'
import { withRetries } from '../cluster/retry.ts'
import type { Api, RequestInputOf, ResponseOf } from '../../protocol/index.ts'

/**
 * Asks the coordinator of a group, looking for it again while it moves.
 *
 * @param what - What is done, as the beginning of a sentence that ends in "of group".
 */
export function askGroup<A extends Api>(
  cluster: Cluster,
  group: string,
  what: string,
  api: A,
  request: RequestInputOf<A>,
): Promise<ResponseOf<A>> {
  const sentence = `${what} of group "${group}"`
  const coordinator = new Coordinator(cluster, 'group', group)
  return withRetries(cluster.retryPolicy, sentence, async () =>
    answerOf(await coordinator.ask(api, request), sentence, { group }),
  )
}
