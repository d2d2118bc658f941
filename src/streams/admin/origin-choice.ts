import { adviceOn } from '../../core/closest-name.ts'
import { ConfigError } from '../../core/errors.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import type { Origin } from '../topics/source-partitions.ts'

const recordOnly = /^(?<partition>\d+)@(?<offset>\d+)$/
const withTopic = /^(?<topic>[\w.-]+)(?::(?<partition>\d+)(?:@(?<offset>\d+))?)?$/

/**
 * Whether a record was at the place that a text names: `orders:3@1041`, without a topic `3@1041`, or all of a partition
 * or a topic, `orders:3` and `orders`.
 *
 * @throws ConfigError `CONFIG_INVALID_VALUE`
 */
export function originChoice(text: string): (origin: Origin) => boolean {
  const { groups } = recordOnly.exec(text) ?? withTopic.exec(text) ?? {}
  if (groups === undefined) {
    const message = `origin: "${text}" is no record, partition or topic such as orders:3@1041, 3@1041, orders:3 or orders`
    throw new ConfigError('CONFIG_INVALID_VALUE', message, { option: 'origin' })
  }
  const { topic, partition, offset } = groups
  return (origin) =>
    (topic === undefined || origin.topic === topic) &&
    (partition === undefined || origin.partition === Number(partition)) &&
    (offset === undefined || origin.offset === Number(offset))
}

/**
 * The topics that records of dead letters of a subtopology, and of those after it, may have been in. Undefined where that
 * is not known: letters of routed parts name the records of those, which the subtopology before has read.
 */
export function topicsOfRecords(
  { topology, former = [] }: Manifest,
  further: readonly string[] = [],
): string[] | undefined {
  if (topology.sources.some(({ decode }) => decode === 'routedPart')) return undefined
  return [...topology.sources, ...former].map(({ topic }) => topic).concat(further)
}

/**
 * Refuses a place in a topic that is none of these: of that there would seem to be no dead letters.
 *
 * @throws ConfigError `CONFIG_INVALID_VALUE`
 */
export function requireKnownOrigin(text: string, topics: readonly string[]): void {
  const topic = recordOnly.test(text) ? undefined : withTopic.exec(text)?.groups?.['topic']
  if (topic === undefined || topics.includes(topic)) return
  const { advice } = adviceOn(topic, topics)
  const message = `origin: "${topic}" is no topic that records of the application come from; ${advice}`
  throw new ConfigError('CONFIG_INVALID_VALUE', message, { option: 'origin' })
}
