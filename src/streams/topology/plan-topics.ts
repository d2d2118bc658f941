import { topicsExpiredTo } from './correlation.ts'
import { refuse } from './topology-checks.ts'
import type { Topology } from './topology.ts'

/** Topics that an application has for itself. */
export interface OwnTopics {
  readonly deadLetterTopic: string
  readonly checkpointTopic: string
}

/** They follow from its name. */
export function ownTopics(name: string): OwnTopics {
  return { deadLetterTopic: `${name}.dead-letter`, checkpointTopic: `${name}.checkpoint` }
}

/** Topics in which Kafka keeps what it does itself: each commit of a program adds to them. */
const kafkaTopics: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state'])

/** Fails where a program would read what it writes, which has no end, or write two things into one topic. */
export function checkTopics({ name, sources, sinks, correlate }: Topology): void {
  const { deadLetterTopic, checkpointTopic } = ownTopics(name)
  const uses: readonly (readonly [use: string, topic: string])[] = [
    ...sources.map(({ topic }) => ['source', topic] as const),
    ...sinks.map(({ topic }) => ['sink', topic] as const),
    ...topicsExpiredTo(correlate).map((topic) => ['expireTo', topic] as const),
    [`dead-letter topic of "${name}"`, deadLetterTopic],
    [`checkpoint topic of "${name}"`, checkpointTopic],
  ]
  for (const [at, [use, topic]] of uses.entries()) {
    if (kafkaTopics.has(topic)) refuse(name, `topic "${topic}", the ${use}, is one of Kafka's own`)
    const other = uses.slice(at + 1).find(([, another]) => another === topic)
    if (other === undefined) continue
    if (other[0] === 'source') refuse(name, `two sources read the topic "${topic}"`)
    if (use === 'sink' && other[0] === 'sink') refuse(name, `two sinks write to the topic "${topic}"`)
    const why = use === 'source' ? 'which is a cycle: it would read what it writes' : 'and each needs one of its own'
    refuse(name, `topic "${topic}" is ${use} and ${other[0]}, ${why}`)
  }
}
