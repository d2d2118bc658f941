export { type Broker, type BrokerOptions, startBroker } from './broker.ts'
export type { BrokerTopic } from './thread.ts'
