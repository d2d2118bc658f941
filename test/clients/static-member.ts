/**
 * A static member of a group, in a process of its own, which can be killed: a replaced member of @platformatic/kafka
 * that lives on joins once more, and shuts out its successor. Sends what it was assigned whenever it has joined.
 */
import { Consumer } from '@platformatic/kafka'

/** What a member was assigned. */
export interface Seat {
  readonly memberId: string
  readonly assignments: Consumer['assignments']
}

const [bootstrapServers, groupId, groupInstanceId, topic] = process.argv.slice(2) as [string, string, string, string]
const consumer = new Consumer({
  clientId: 'test',
  bootstrapBrokers: [bootstrapServers],
  groupId,
  groupInstanceId,
  heartbeatInterval: 50,
  sessionTimeout: 10_000,
})
consumer.topics.track(topic)
consumer.on('consumer:group:join', () => {
  process.send!({ memberId: consumer.memberId!, assignments: consumer.assignments } satisfies Seat)
})
await consumer.joinGroup()
