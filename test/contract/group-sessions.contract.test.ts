import { groupSessionsContract } from './group-sessions.contract.ts'
import { contract } from './target.ts'

/** Sessions that end soon, and no wait between two assignments. */
const groupConfig = {
  'consumer.session.timeout.ms': 1_000,
  'consumer.heartbeat.interval.ms': 500,
  'consumer.assignment.interval.ms': 0,
  'streams.session.timeout.ms': 1_000,
  'streams.heartbeat.interval.ms': 500,
  'streams.assignment.interval.ms': 0,
  'streams.initial.rebalance.delay.ms': 0,
}
const properties = Object.fromEntries([
  ...Object.entries(groupConfig).map(([name, value]) => [`group.${name}`, String(value)] as const),
  ...['consumer', 'streams'].flatMap((type) => [
    [`group.${type}.min.session.timeout.ms`, '1000'] as const,
    [`group.${type}.min.heartbeat.interval.ms`, '500'] as const,
  ]),
])

contract([groupSessionsContract], properties, { groupConfig })
