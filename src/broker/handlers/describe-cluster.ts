import { brokerEndpoint, describeCluster as api, errorCode, operationsUnknown } from '../../protocol/index.ts'
import { serve } from '../served-api.ts'

export const describeCluster = serve(api, {
  handle({ includeClusterAuthorizedOperations, endpointType }, { access, cluster }) {
    const isAnswered = endpointType === brokerEndpoint
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
