import { operationsUnknown } from '../acl/access.ts'
import { defineApi } from '../api.ts'
import { errorCode } from '../error-code.ts'
import { array, boolean, defaulted, int16, int32, int8, nullableString, since, string, struct } from '../wire/schema.ts'

/** The only kind of endpoint there is: brokers, no controllers. */
const brokers = 1

export const describeCluster = defineApi({
  key: 60,
  name: 'DescribeCluster',
  versions: [0, 2],
  flexibleSince: 0,
  request: struct({
    includeClusterAuthorizedOperations: boolean,
    endpointType: since(1, int8, brokers),
    includeFencedBrokers: since(2, boolean, false),
  }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    errorCode: int16,
    errorMessage: nullableString,
    endpointType: since(1, int8, brokers),
    clusterId: string,
    controllerId: int32,
    brokers: array(
      struct({
        brokerId: int32,
        host: string,
        port: int32,
        rack: nullableString,
        isFenced: since(2, boolean, false),
      }),
    ),
    clusterAuthorizedOperations: int32,
  }),
  handle({ includeClusterAuthorizedOperations, endpointType }, { access, cluster }) {
    const isAnswered = endpointType === brokers
    return {
      errorCode: isAnswered ? errorCode.none : errorCode.mismatchedEndpointType,
      errorMessage: isAnswered ? null : 'The request was sent to an endpoint of type BROKER.',
      clusterId: isAnswered ? cluster.id : '',
      controllerId: isAnswered ? cluster.controller.id : -1,
      brokers: isAnswered ? cluster.nodes.map(({ id, host, port }) => ({ brokerId: id, host, port, rack: null })) : [],
      clusterAuthorizedOperations:
        isAnswered && includeClusterAuthorizedOperations ? access.clusterOperations : operationsUnknown,
    }
  },
})
