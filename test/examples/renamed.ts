import { type Topology, topicsExpiredTo } from '../../src/streams/index.ts'

/** The topics that a program reads and writes, without its own. */
export function topicsOf({ sources, sinks, correlate }: Topology): string[] {
  return [...[...sources, ...sinks].map(({ topic }) => topic), ...topicsExpiredTo(correlate)]
}

/** The same program as one of another name, whose topics are called after it. */
export function renamed(topology: Topology, app: string): Topology {
  const { sources, sinks, correlate } = topology
  const nameOf = (topic: string) => `${app}.${topic}`
  return {
    ...topology,
    name: app,
    sources: sources.map((source) => ({ ...source, topic: nameOf(source.topic) })),
    sinks: sinks.map((sink) => ({ ...sink, topic: nameOf(sink.topic) })),
    correlate: { ...correlate, expireTo: renamedTopics(correlate.expireTo, nameOf) },
  }
}

function renamedTopics(
  expireTo: Topology['correlate']['expireTo'],
  nameOf: (topic: string) => string,
): Topology['correlate']['expireTo'] {
  if (typeof expireTo !== 'object') return expireTo && nameOf(expireTo)
  return Object.fromEntries(Object.entries(expireTo).map(([side, topic]) => [side, nameOf(topic)]))
}
