import { topicsExpiredTo } from './correlation.ts'
import type { Layout } from './layout.ts'
import { refuse } from './topology-checks.ts'
import type { Topology } from './topology.ts'

/** Topics that an application has for itself. */
export interface OwnTopics {
  readonly deadLetterTopic: string
  readonly checkpointTopic: string
  /** Dead letters that are to go through the program again; there once somebody has asked for that. */
  readonly redriveTopic: string
}

/** They follow from its name. */
export function ownTopics(name: string, layout: Layout = 'single'): OwnTopics {
  return {
    deadLetterTopic: `${name}.dead-letter`,
    checkpointTopic: layout === 'single' ? `${name}.checkpoint` : `${name}.tasks`,
    redriveTopic: `${name}.redrive`,
  }
}

/** Topics in which Kafka keeps what it does itself: each commit of a program adds to them. */
const kafkaTopics: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state'])

/** A topic, what it is for, and the subtopology that uses it. */
interface TopicUse {
  readonly use: string
  readonly topic: string
  readonly by: Topology
}

/** Fails where a program would read what it writes, which has no end, or write two things into one topic. */
export function checkTopics(chain: readonly Topology[]): void {
  const [{ name }] = chain as [Topology]
  const uses = chain.flatMap(usesOf)
  for (const [at, { use, topic, by }] of uses.entries()) {
    if (kafkaTopics.has(topic)) refuse(name, `topic "${topic}", the ${use}, is one of Kafka's own`)
    const areBothRead = (other: TopicUse) => isRead(use) && isRead(other.use)
    // Subtopologies have groups of their own, and so may read the same; what fills a table is read in none.
    const mayBoth = (other: TopicUse) =>
      areBothRead(other) && (other.by !== by || use === 'table' || other.use === 'table')
    const other = uses.slice(at + 1).find((each) => each.topic === topic && !mayBoth(each))
    if (other === undefined) continue
    if (areBothRead(other)) refuse(name, `two sources read the topic "${topic}"`)
    if (use === 'sink' && other.use === 'sink') refuse(name, `two sinks write to the topic "${topic}"`)
    const why =
      isRead(use) || isRead(other.use)
        ? 'which is a cycle: it would read what it writes'
        : 'and each needs one of its own'
    refuse(name, `topic "${topic}" is ${use} and ${other.use}, ${why}`)
  }
}

function isRead(use: string): boolean {
  return use === 'source' || use === 'table'
}

function usesOf(by: Topology): TopicUse[] {
  const { name, layout, tables, sources, sinks, correlate, next } = by
  const { deadLetterTopic, checkpointTopic, redriveTopic } = ownTopics(name, layout)
  const as = (use: string) => (topic: string) => ({ use, topic, by })
  const topics = (operators: readonly { readonly topic: string }[]) => operators.map(({ topic }) => topic)
  return [
    // What comes from the subtopology before is its sink.
    ...topics(sources.filter(({ isInternal }) => !isInternal)).map(as('source')),
    ...topics(tables.filter((table) => table.kind === 'lookupTable')).map(as('table')),
    ...topics(sinks).map(as(next === undefined ? 'sink' : 'internal topic')),
    ...topicsExpiredTo(correlate).map(as('expireTo')),
    as(`dead-letter topic of "${name}"`)(deadLetterTopic),
    as(`checkpoint topic of "${name}"`)(checkpointTopic),
    as(`redrive topic of "${name}"`)(redriveTopic),
  ]
}
