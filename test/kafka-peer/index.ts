export { PauseClock } from './pause-clock.ts'
export type { PeerRequest } from './peer-request.ts'
export { Queue } from './queue.ts'
export { describeTopics, type PeerTopic, ScriptedBroker, topicId } from './scripted-broker.ts'
export { apis } from '../../src/broker/handlers/index.ts'
export {
  apiVersions,
  deleteTopics,
  fetch,
  findCoordinator,
  initProducerId,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  produce,
  saslAuthenticate,
  saslHandshake,
} from '../../src/protocol/index.ts'
export { textApi } from './text-api.ts'
export { unusedPort } from './unused-port.ts'
export { settled } from './settled.ts'
export { closeAfterwards } from './close-afterwards.ts'
