import { errorCode } from '../../../protocol/index.ts'
import type { NewTopic, Refusal } from '../../topics.ts'
import { statusCode, type StreamsStatus, type StreamsTopology, type Subtopology } from './streams-member.ts'

const topicsNamedMax = 3

type InternalTopic = Subtopology['stateChangelogTopics'][number]

/** A subtopology with the numbers of partitions that its topics have, or are to have. */
export interface ConfiguredSubtopology {
  readonly id: string
  readonly taskCount: number
  readonly isStateful: boolean
  readonly definition: Subtopology
}

/** What became of a topology when it met the topics that there are. */
export interface ConfiguredTopology {
  /** Absent where the topics do not allow it. */
  readonly subtopologies: readonly ConfiguredSubtopology[] | undefined
  /** Why no tasks can be shared out; absent where they can. */
  readonly status: StreamsStatus | undefined
  readonly missingTopics: readonly NewTopic[]
}

/** How many partitions a topic has; `undefined` of one that is not there. */
type PartitionCount = (topic: string) => number | undefined

/** A topology that no topics could make right. */
class InvalidTopology extends Error {}
/** Topics that do not go with the topology. */
class UnfitTopics extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/**
 * Decides how many partitions the internal topics have: a repartition topic as many as it asks for, else as the largest
 * source of who writes it; a changelog as the largest source of its subtopology.
 *
 * @see Kafka's InternalTopicManager
 */
export function configureTopology(topology: StreamsTopology, existing: PartitionCount): ConfiguredTopology | Refusal {
  try {
    const subtopologies = topology.subtopologies.toSorted((a, b) => (a.subtopologyId < b.subtopologyId ? -1 : 1))
    requireSources(subtopologies, existing)
    const decided = decidePartitionCounts(subtopologies, existing)
    const missingTopics = missingInternalTopics(subtopologies, decided, existing)
    const names = missingTopics.map(({ name }) => name)
    return {
      subtopologies: subtopologies.map((definition) => configure(definition, decided, existing)),
      status: names.length === 0 ? undefined : missingInternal(names),
      missingTopics,
    }
  } catch (error) {
    if (error instanceof InvalidTopology) return { error: errorCode.streamsInvalidTopology, message: error.message }
    if (!(error instanceof UnfitTopics)) throw error
    const status = { statusCode: error.code, statusDetail: error.message }
    return { subtopologies: undefined, status, missingTopics: [] }
  }
}

function requireSources(subtopologies: readonly Subtopology[], existing: PartitionCount): void {
  const sources = new Set(subtopologies.flatMap(({ sourceTopics }) => sourceTopics))
  const missing = [...sources].filter((name) => existing(name) === undefined)
  if (missing.length === 0) return
  throw new UnfitTopics(statusCode.missingSourceTopics, `Source topics ${namesOf(missing)} are missing.`)
}

function missingInternal(names: string[]): StreamsStatus {
  return {
    statusCode: statusCode.missingInternalTopics,
    statusDetail: `Internal topics are missing: ${namesOf(names)}`,
  }
}

function decidePartitionCounts(subtopologies: readonly Subtopology[], existing: PartitionCount): Map<string, number> {
  const decided = new Map<string, number>()
  for (const { name, partitions } of repartitionTopicsOf(subtopologies))
    if (partitions !== 0) decided.set(name, partitions)
  decideSinks(subtopologies, decided, existing)
  for (const { name } of repartitionTopicsOf(subtopologies)) {
    if (!decided.has(name)) throw new InvalidTopology(`Nothing writes the repartition topic ${name}.`)
  }
  for (const subtopology of subtopologies) partitionAlike(subtopology, subtopologies, decided, existing)
  for (const subtopology of subtopologies) {
    const { subtopologyId, stateChangelogTopics } = subtopology
    const largest = largestSource(subtopology, (name) => existing(name) ?? decided.get(name))
    if (largest === undefined) throw new InvalidTopology(`Subtopology ${subtopologyId} reads nothing.`)
    for (const { name } of stateChangelogTopics) decided.set(name, largest)
  }
  return decided
}

/** Decides the topics that subtopologies write, those first whose writers read what is decided. */
function decideSinks(
  subtopologies: readonly Subtopology[],
  decided: Map<string, number>,
  existing: PartitionCount,
): void {
  const undecided = () =>
    subtopologies.flatMap((writer) =>
      writer.repartitionSinkTopics.filter((name) => !decided.has(name)).map((name) => ({ name, writer })),
    )
  for (let left = undecided(); left.length > 0; left = undecided()) {
    for (const { name, writer } of left) {
      const internal = new Set(writer.repartitionSourceTopics.map((topic) => topic.name))
      const count = largestSource(writer, (topic) => (internal.has(topic) ? decided.get(topic) : existing(topic)))
      if (count !== undefined) decided.set(name, count)
    }
    if (undecided().length === left.length) throw new InvalidTopology('Repartition topics are written in a loop.')
  }
}

/** Has the topics that are read together have as many partitions as each other. */
function partitionAlike(
  { copartitionGroups, sourceTopics, repartitionSourceTopics }: Subtopology,
  subtopologies: readonly Subtopology[],
  decided: Map<string, number>,
  existing: PartitionCount,
): void {
  const all = repartitionTopicsOf(subtopologies)
  const fixed = new Set(all.filter(({ partitions }) => partitions !== 0).map(({ name }) => name))
  const countOf = (name: string) => existing(name) ?? decided.get(name)!
  for (const group of copartitionGroups) {
    const sources = group.sourceTopics.map((index) => named(sourceTopics[index]))
    const repartitioned = group.repartitionSourceTopics.map((index) => named(repartitionSourceTopics[index]?.name))
    const pacemakers = sources.length > 0 ? sources : repartitioned.filter((name) => fixed.has(name))
    const counts = new Set(pacemakers.map(countOf))
    if (counts.size > 1) unequal(pacemakers)
    const count = counts.size === 1 ? [...counts][0]! : Math.max(...repartitioned.map(countOf))
    for (const name of repartitioned) {
      if (fixed.has(name) && countOf(name) !== count) unequal([...sources, ...repartitioned])
      decided.set(name, count)
    }
  }
}

function named(name: string | undefined): string {
  if (name === undefined)
    throw new InvalidTopology('A group of topics that are read together names one that is not read.')
  return name
}

function unequal(names: readonly string[]): never {
  const detail = `Following topics do not have the same number of partitions: ${names.join(', ')}`
  throw new UnfitTopics(statusCode.incorrectlyPartitionedTopics, detail)
}

function missingInternalTopics(
  subtopologies: readonly Subtopology[],
  decided: ReadonlyMap<string, number>,
  existing: PartitionCount,
): NewTopic[] {
  const internal = subtopologies.flatMap((each) => [...each.repartitionSourceTopics, ...each.stateChangelogTopics])
  const byName = new Map(internal.map((topic) => [topic.name, topic]))
  return [...byName.values()].flatMap(({ name, topicConfigs }) => {
    const [expected, found] = [decided.get(name)!, existing(name)]
    if (found === undefined) {
      return { name, partitionCount: expected, config: topicConfigs.map(({ key, value }) => ({ name: key, value })) }
    }
    if (found === expected) return []
    const detail = `Existing topic ${name} has different number of partitions: expected ${expected}, found ${found}`
    throw new UnfitTopics(statusCode.incorrectlyPartitionedTopics, detail)
  })
}

function configure(
  definition: Subtopology,
  decided: ReadonlyMap<string, number>,
  existing: PartitionCount,
): ConfiguredSubtopology {
  const counted = (topic: InternalTopic) => ({ ...topic, partitions: decided.get(topic.name)! })
  return {
    id: definition.subtopologyId,
    taskCount: largestSource(definition, (name) => existing(name) ?? decided.get(name))!,
    isStateful: definition.stateChangelogTopics.length > 0,
    definition: {
      ...definition,
      stateChangelogTopics: definition.stateChangelogTopics.map(counted),
      repartitionSourceTopics: definition.repartitionSourceTopics.map(counted),
    },
  }
}

/** The largest number of partitions among the topics that a subtopology reads, as far as it is known. */
function largestSource(subtopology: Subtopology, countOf: PartitionCount): number | undefined {
  const counts = sourcesOf(subtopology).flatMap((name) => countOf(name) ?? [])
  return counts.length === 0 ? undefined : Math.max(...counts)
}

/** All topics that a subtopology reads. */
export function sourcesOf({ sourceTopics, repartitionSourceTopics }: Subtopology): string[] {
  return [...sourceTopics, ...repartitionSourceTopics.map(({ name }) => name)]
}

/** All topics that a topology names. */
export function topicsOf({ subtopologies }: StreamsTopology): string[] {
  return subtopologies.flatMap((each) => [
    ...sourcesOf(each),
    ...each.repartitionSinkTopics,
    ...each.stateChangelogTopics.map(({ name }) => name),
  ])
}

function repartitionTopicsOf(subtopologies: readonly Subtopology[]): InternalTopic[] {
  return subtopologies.flatMap(({ repartitionSourceTopics }) => repartitionSourceTopics)
}

function namesOf(names: readonly string[]): string {
  const sorted = names.toSorted()
  const more = sorted.length - topicsNamedMax
  return sorted.slice(0, topicsNamedMax).join(', ') + (more > 0 ? ` and ${more} additional topics` : '')
}
