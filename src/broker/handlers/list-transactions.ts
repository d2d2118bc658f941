import { errorCode, listTransactions as api } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'
import { namesMatching } from '../matching.ts'
import { transactionStates } from '../transaction.ts'

export const listTransactions = serve(api, {
  handle(
    { stateFilters, producerIdFilters, durationFilter: durationFilterMs, transactionalIdPattern },
    { access, cluster, clock, node },
  ) {
    const known: readonly string[] = transactionStates
    const startedBeforeMs = durationFilterMs < 0 ? Infinity : clock.nowMs() - durationFilterMs
    const wanted = [...cluster.transactions.all()].filter(
      ({ transactionalId, state, producerId, startedAtMs }) =>
        cluster.coordinatorOf({ kind: 'transaction', id: transactionalId }).id === node.id &&
        (stateFilters.length === 0 || stateFilters.includes(state)) &&
        (producerIdFilters.length === 0 || producerIdFilters.includes(producerId)) &&
        startedAtMs < startedBeforeMs &&
        access.transactionalId('describe', transactionalId),
    )
    const ids = wanted.map(({ transactionalId }) => transactionalId)
    const matching = transactionalIdPattern ? namesMatching(ids, transactionalIdPattern) : ids
    if (matching === undefined) {
      return { errorCode: errorCode.invalidRegularExpression, unknownStateFilters: [], transactionStates: [] }
    }
    const isMatching = new Set(matching)
    return {
      errorCode: errorCode.none,
      unknownStateFilters: stateFilters.filter((state) => !known.includes(state)),
      transactionStates: wanted
        .filter(({ transactionalId }) => isMatching.has(transactionalId))
        .map(({ transactionalId, producerId, state }) => ({ transactionalId, producerId, transactionState: state })),
    }
  },
})
