import { correlationOf } from './correlation.ts'
import { checkLayout } from './plan-layout.ts'
import { sinkOf } from './sink.ts'
import type { Source } from './source.ts'
import { stage } from './stage.ts'
import { subtopologyName } from './subtopologies.ts'
import type { Topology } from './declared-topology.ts'

/**
 * A topology in the layout `routed` as two subtopologies: one that copies each record to the partition of its merge key,
 * and one that reads these copies as a topology in the layout `keyed` reads its sources.
 *
 * The first one decodes, filters, maps, routes and finds the key, as far as that is needed to know where a record belongs,
 * and copies it as it came. So the second one is the topology as it was declared, but for the names of its topics.
 *
 * @throws TopologyError `TOPOLOGY_INVALID` where it keeps something that is not by the merge key.
 */
export function routedTopology(whole: Topology): Topology {
  checkLayout(whole)
  const { name, tasks, tables, sources, correlate } = whole
  const topicOf = ({ id }: Source) => (sources.length === 1 ? `${name}${ending}` : `${name}${ending}.${id}`)
  const { id, key, keyName, of } = correlate
  return {
    kind: 'topology',
    name,
    layout: 'routed',
    tasks,
    tables,
    sources: sources.map((source) => ({ ...source, timestamp: undefined, route: withoutStages(source.route) })),
    correlate: correlationOf(id, key, { of, ...(keyName !== undefined && { keyName }) }),
    aggregation: undefined,
    steps: [],
    branch: undefined,
    sinks: sources.map((source) => sinkOf(`${source.id}-routed`, { topic: topicOf(source) })),
    next: {
      ...whole,
      name: subtopologyName(name, id),
      layout: 'keyed',
      tasks: undefined,
      sources: sources.map((source) => ({
        ...source,
        topic: topicOf(source),
        from: 'earliest',
        recordsPerSecondMax: undefined,
        isInternal: true,
      })),
    },
  }
}

/** How the topics begin, after the name of the program, that records are routed through. */
const ending = '.routed'

/** The program that routes records through a topic; undefined where that cannot be, by its name. */
export function routedBy(topic: string): string | undefined {
  const end = topic.endsWith(ending) ? topic.length - ending.length : topic.lastIndexOf(`${ending}.`)
  return end > 0 ? topic.slice(0, end) : undefined
}

/** Of all sides: what is kept of a record is the concern of the subtopology that merges it. */
const anyRecord = stage()

function withoutStages({ stages, ...route }: Source['route']): Source['route'] {
  return { ...route, stages: Object.fromEntries(Object.keys(stages).map((side) => [side, anyRecord])) }
}
