/** `millrace/broker`: a Kafka broker inside the process, for tests. */
import '../core/checked-node.ts'
export {
  type ApiName,
  type Broker,
  type BrokerAuthorizer,
  type BrokerFault,
  type BrokerOptions,
  type BrokerSasl,
  type BrokerTls,
  type BrokerTopic,
  type CoordinatorMove,
  type FaultEffect,
  type GroupConfigName,
  type LeaderMove,
  type SaslMechanism,
  type ServedRequest,
  startBroker,
} from '../broker/index.ts'
export { type ErrorCode, type ErrorDetails, MillraceError } from '../core/errors.ts'
