import { defineApi } from '../api.ts'
import { array, boolean, defaulted, int16, int32, int8, nullableString, since, string, struct } from '../schema.ts'

/** The only kind of endpoint there is: brokers, no controllers. */
export const brokerEndpoint = 1

export const describeCluster = defineApi({
  key: 60,
  name: 'DescribeCluster',
  versions: [0, 2],
  flexibleSince: 0,
  request: struct({
    includeClusterAuthorizedOperations: boolean,
    endpointType: since(1, int8, brokerEndpoint),
    includeFencedBrokers: since(2, boolean, false),
  }),
  response: struct({
    throttleTimeMs: defaulted(int32, 0),
    errorCode: int16,
    errorMessage: nullableString,
    endpointType: since(1, int8, brokerEndpoint),
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
})
