import { type Sink, sinkOf } from './sink.ts'
import { type Source, sourceTopicOf } from './source.ts'
import type { Topology } from './declared-topology.ts'
import { checkText } from './topology-checks.ts'

/** Something of each subtopology of a topology, such as the topology itself, from the first to the last. */
export interface Chained<Item> {
  readonly next: Item | undefined
}

/** A topology's subtopologies, or what is known of each of them, in their order. */
export function chainOf<Item extends Chained<Item>>(first: Item): Item[] {
  const chain: Item[] = []
  for (let each: Item | undefined = first; each !== undefined; each = each.next) chain.push(each)
  return chain
}

/** The name of a subtopology after the first one, which has that of the topology. */
export function subtopologyName(topology: string, correlateId: string): string {
  return `${topology}.${correlateId}`
}

/** The topics that lead from a subtopology to the next one; none after the last. */
export function topicsBetween({ sinks, next }: Pick<Topology, 'sinks'> & Chained<unknown>): string[] {
  return next === undefined ? [] : sinks.map(({ topic }) => topic)
}

/** The topic through which merged records come to the subtopology after the one that publishes them, at both its ends. */
export function internalTopicOf(subtopology: string, side: string): { sink: Sink; source: Omit<Source, 'route'> } {
  checkText(`the side that "${subtopology}" makes a part of`, side)
  const topic = `${subtopology}.${side}`
  return { sink: sinkOf(side, { topic }), source: { ...sourceTopicOf(side, { topic }), isInternal: true } }
}
