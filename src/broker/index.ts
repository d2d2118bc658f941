export { type Broker, type BrokerOptions, startBroker } from './broker.ts'
export type { SaslMechanism } from './sasl/mechanism.ts'
export type { BrokerSasl } from './sasl/settings.ts'
export type { BrokerTls, BrokerTopic } from './thread.ts'
