import { routedHeaders } from '../../kernel/index.ts'
import { correlationOf } from './correlation.ts'
import { routedParts } from './decoding.ts'
import { header, recordKey } from './key.ts'
import { keyNameOf } from './key-name.ts'
import { checkLayout } from './plan-layout.ts'
import { sinkOf } from './sink.ts'
import type { Source } from './source.ts'
import { stage } from './stage.ts'
import { subtopologyName } from './subtopologies.ts'
import type { Topology } from './declared-topology.ts'

/**
 * A topology in the layout `routed` as two subtopologies: one that makes the parts of all records, and writes each to the
 * partition of its merge key, and one that reads these parts as a topology in the layout `keyed` reads its sources.
 *
 * The first one decodes, filters, maps, routes, and has the stages. So the second one is what was declared from the
 * correlation on; its records have side and merge key beside their parts.
 *
 * @throws TopologyError `TOPOLOGY_INVALID` where it keeps something that is not by the merge key.
 */
export function routedTopology(whole: Topology): Topology {
  checkLayout(whole)
  const { name, tasks, tables, sources, correlate } = whole
  const topicOf = ({ id }: Source) => (sources.length === 1 ? `${name}${ending}` : `${name}${ending}.${id}`)
  const { id, key, of } = correlate
  const keyName = keyNameOf(correlate)
  return {
    kind: 'topology',
    name,
    layout: 'routed',
    tasks,
    tables,
    sources,
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
      tables: [],
      sources: sources.map((source) => ({
        ...source,
        topic: topicOf(source),
        from: 'earliest',
        decode: routedParts,
        steps: [],
        timestamp: undefined,
        recordsPerSecondMax: undefined,
        route: { ...source.route, by: header(routedHeaders.side), stages: asTheyAre(source.route.stages) },
        isInternal: true,
        partsOf: source,
      })),
      correlate: { ...correlate, key: recordKey('json'), keyName },
    },
  }
}

/** How the topics begin, after the name of the program, that parts are routed through. */
const ending = '.routed'

/** The program that routes parts through a topic; undefined where that cannot be, by its name. */
export function routedBy(topic: string): string | undefined {
  const end = topic.endsWith(ending) ? topic.length - ending.length : topic.lastIndexOf(`${ending}.`)
  return end > 0 ? topic.slice(0, end) : undefined
}

/** Of all sides: what is read has been made already. */
const asItIs = stage()

function asTheyAre(stages: Source['route']['stages']): Source['route']['stages'] {
  return Object.fromEntries(Object.keys(stages).map((side) => [side, asItIs]))
}
