import { type LookupTable, type Topology, topicsExpiredTo } from '../../src/streams/index.ts'

/** Its subtopologies, in their order. */
export function chainOf(topology: Topology): Topology[] {
  return [topology, ...(topology.next === undefined ? [] : chainOf(topology.next))]
}

/** The topics that a program reads and writes, without its own. */
export function topicsOf(topology: Topology): string[] {
  const chain = chainOf(topology)
  const published = chain.at(-1)!.sinks.map(({ topic }) => topic)
  const lookups = lookupsOf(topology).map(({ topic }) => topic)
  return [
    ...sourcesOf(topology),
    ...lookups,
    ...published,
    ...chain.flatMap(({ correlate }) => topicsExpiredTo(correlate)),
  ]
}

/** Those that it reads, of all its subtopologies. */
export function sourcesOf(topology: Topology): string[] {
  const sources = chainOf(topology).flatMap((each) => each.sources)
  return sources.filter(({ isInternal }) => !isInternal).map(({ topic }) => topic)
}

/** Its tables that topics fill. */
export function lookupsOf({ tables }: Topology): LookupTable[] {
  return tables.filter((table) => table.kind === 'lookupTable')
}

/** The topic that it publishes to: that of the last of its subtopologies. */
export function sinkOf(topology: Topology): string {
  return chainOf(topology).at(-1)!.sinks[0]!.topic
}

/** The same program as one of another name, whose topics are called after it. */
export function renamed(topology: Topology, app: string, first = topology.name): Topology {
  const { name, tables, sources, sinks, correlate, next } = topology
  const nameOf = (topic: string) => `${app}.${topic}`
  const ownNameOf = (own: string) => app + own.slice(first.length)
  return {
    ...topology,
    name: ownNameOf(name),
    tables: tables.map((table) => (table.kind === 'table' ? table : { ...table, topic: nameOf(table.topic) })),
    sources: sources.map(({ topic, partsOf, ...source }) => ({
      ...source,
      topic: source.isInternal ? ownNameOf(topic) : nameOf(topic),
      ...(partsOf && { partsOf: { ...partsOf, topic: nameOf(partsOf.topic) } }),
    })),
    sinks: sinks.map(({ topic, ...sink }) => ({
      ...sink,
      topic: next === undefined ? nameOf(topic) : ownNameOf(topic),
    })),
    correlate: { ...correlate, expireTo: renamedTopics(correlate.expireTo, nameOf) },
    next: next && renamed(next, app, first),
  }
}

function renamedTopics(
  expireTo: Topology['correlate']['expireTo'],
  nameOf: (topic: string) => string,
): Topology['correlate']['expireTo'] {
  if (typeof expireTo !== 'object') return expireTo && nameOf(expireTo)
  return Object.fromEntries(Object.entries(expireTo).map(([side, topic]) => [side, nameOf(topic)]))
}
