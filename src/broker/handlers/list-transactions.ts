import { defineApi } from '../api.ts'
import { errorCode } from '../error-code.ts'
import { namesMatching } from '../matching.ts'
import { transactionStates } from '../transaction.ts'
import { array, defaulted, int16, int32, int64, nullableString, since, string, struct } from '../wire/schema.ts'

const anyDuration = -1

export const listTransactions = defineApi({
  key: 66,
  name: 'ListTransactions',
  versions: [0, 2],
  flexibleSince: 0,
  request: struct({
    stateFilters: array(string),
    producerIdFilters: array(int64),
    durationFilterMs: since(1, int64, anyDuration),
    transactionalIdPattern: since(2, nullableString, null),
  }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    errorCode: int16,
    unknownStateFilters: array(string),
    transactionStates: array(struct({ transactionalId: string, producerId: int64, transactionState: string })),
  }),
  handle(
    { stateFilters, producerIdFilters, durationFilterMs, transactionalIdPattern },
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
