import type { Topology } from '../../src/streams/index.ts'

/** The topics that a program reads and writes, without its own. */
export function topicsOf({ sources, sink, correlate }: Topology): string[] {
  const { expireTo } = correlate
  return [...sources.map(({ topic }) => topic), sink.topic, ...(expireTo === undefined ? [] : [expireTo])]
}

/** The same program as one of another name, whose topics are called after it. */
export function renamed(topology: Topology, app: string): Topology {
  const { sources, sink, correlate } = topology
  const nameOf = (topic: string) => `${app}.${topic}`
  return {
    ...topology,
    name: app,
    sources: sources.map((source) => ({ ...source, topic: nameOf(source.topic) })),
    sink: { ...sink, topic: nameOf(sink.topic) },
    correlate: { ...correlate, expireTo: correlate.expireTo && nameOf(correlate.expireTo) },
  }
}
