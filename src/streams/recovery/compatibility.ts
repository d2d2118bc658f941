import { KafkaError, MillraceError } from '../../core/errors.ts'
import type { GroupCommit, Topic } from '../../kafka/index.ts'
import type { FormerSource, Manifest } from '../checkpoint/manifest.ts'
import { isSourceOf, type Migration, migrationOf } from '../checkpoint/migration.ts'
import { differences, shapeOf } from '../checkpoint/topology-shape.ts'
import { tableDifferences } from '../tables/table-migration.ts'
import type { SourcePartition, SourcePartitions } from '../topics/source-partitions.ts'
import { type Sources, sourcesOf } from '../topics/sources.ts'
import type { Plan } from '../topology/plan.ts'
import { laneCountOf } from '../topology/plan-sources.ts'
import { layoutDiffers } from './layout-elsewhere.ts'

/** Whether a program can go on from what was found, and how. */
export type Compatibility =
  /** There never was an epoch. */
  | { readonly kind: 'first start' }
  | {
      readonly kind: 'goes on'
      /** How many partitions of each source the manifest knows; the source may have been given more since. */
      readonly knownPartitions: readonly number[]
      /** Numbers of the partitions whose offset the group has lost; the checkpoint has it. */
      readonly expiredOffsets: readonly number[]
    }
  | { readonly kind: 'refused'; readonly error: MillraceError }

export interface Findings<
  Found extends Pick<Sources, 'topics' | 'partitions'> = Pick<Sources, 'topics' | 'partitions'>,
> {
  /** Of the last epoch; undefined when there is none. */
  readonly manifest: Manifest | undefined
  readonly sources: Found
  /** Of the group, by number of the source partition. */
  readonly commits: readonly (GroupCommit | undefined)[]
}

/**
 * Judges what a start has found. Refusals are `CHECKPOINT_MISSING`, `GROUP_FOREIGN`, `LAYOUT_DIFFERS`,
 * `CHECKPOINT_INCOMPATIBLE`, `SOURCE_RECREATED`, `GROUP_OFFSETS_DIFFER`.
 */
export function compatibilityOf(plan: Plan, found: Findings): Compatibility {
  const { manifest, sources, commits } = found
  const error =
    manifest === undefined
      ? commitsWithoutCheckpoint(plan, found)
      : (incompatibility(plan, sources.topics, manifest) ?? offsetsThatDiffer(plan, manifest, found))
  if (error !== undefined) return { kind: 'refused', error }
  if (manifest === undefined) return { kind: 'first start' }
  const known = knownPartitions(plan, manifest)
  const counts = sources.topics.map(
    (_, source) => new Set(known.filter((each) => each.source === source).map(({ partition }) => partition)).size,
  )
  const expiredOffsets = [...manifest.nextOffsets.keys()].filter(
    (number) => commits[number] === undefined && sources.partitions.isFirst(number),
  )
  return { kind: 'goes on', knownPartitions: counts, expiredOffsets }
}

/** The sources of a program, with the numbers that their partitions have in a checkpoint that it goes on from. */
export function sourcesAfter(plan: Plan, topics: readonly Topic[], manifest: Manifest | undefined): Sources {
  if (manifest === undefined) return sourcesOf(plan, topics)
  const former = formerSources(plan, manifest).map(({ topic }) => topic)
  return sourcesOf(plan, topics, knownPartitions(plan, manifest), former)
}

/** The topics that were sources before, and are none of a program. */
export function formerSources(plan: Plan, manifest: Manifest): FormerSource[] {
  return [...(manifest.former ?? []), ...presentSources(manifest)].filter(({ topic }) => !isRead(plan, topic))
}

function presentSources({ topology, sourceIds }: Manifest): FormerSource[] {
  return topology.sources.map(({ topic }, source) => ({ topic, id: sourceIds[source]! }))
}

function isRead({ sources }: Plan, topic: string): boolean {
  return sources.some((source) => source.topic === topic)
}

/** The partitions that a manifest numbers, by the sources of a program, whose order may be another one. */
function knownPartitions(plan: Plan, manifest: Manifest): SourcePartition[] {
  const former = formerSources(plan, manifest)
  const numberOf = ({ topic }: { readonly topic: string }) => {
    const number = plan.sources.findIndex((source) => source.topic === topic)
    return number >= 0 ? number : plan.sources.length + 1 + former.findIndex((each) => each.topic === topic)
  }
  const redriven = plan.sources.length
  const now = [...manifest.topology.sources.map(numberOf), redriven, ...(manifest.former ?? []).map(numberOf)]
  return manifest.partitions.map((each) => ({ ...each, source: now[each.source]! }))
}

/** `LAYOUT_DIFFERS`, `CHECKPOINT_INCOMPATIBLE` or `SOURCE_RECREATED`, unless a checkpoint fits a program and its sources. */
export function incompatibility(plan: Plan, topics: readonly Topic[], manifest: Manifest): MillraceError | undefined {
  const otherLayout = layoutDiffers(plan, manifest)
  if (otherLayout !== undefined) return otherLayout
  const { topology, sourceIds } = manifest
  const now = shapeOf(plan)
  const { shape, migrations } = migrationOf(manifest, now)
  const redriveId = sourceIds[topology.sources.length]
  const changed = [...differences(shape, now), ...tableDifferences(manifest, plan, migrations)]
  if (redriveId !== undefined) changed.push(...migrations.flatMap(movesRedriven))
  const recreated = recreatedSource(plan, topics, manifest)
  // A topic that was created again may have fewer partitions, which says nothing of the program.
  if (recreated === undefined) changed.push(...lostPartitions(plan, topics, manifest))
  if (changed.length > 0) return otherProgram(plan, changed.join('; '))
  return recreated ?? redrivenTopicError(plan, topics, redriveId)
}

/** `SOURCE_RECREATED` of the first source of a program that is not the topic that it was. */
export function recreatedSource(plan: Plan, topics: readonly Topic[], manifest: Manifest): MillraceError | undefined {
  const known = [...presentSources(manifest), ...(manifest.former ?? [])].filter(({ topic }) => isRead(plan, topic))
  const recreated = known.flatMap(
    ({ topic, id }) =>
      recreatedTopic(
        plan,
        topics.find(({ name }) => name === topic)!,
        id,
      ) ?? [],
  )
  return recreated[0]
}

/**
 * `SOURCE_RECREATED` or `KAFKA_TOPIC_MISSING`, unless the topic of redriven letters is the one that was read.
 *
 * @param id - Its topic id; undefined where none was read.
 */
export function redrivenTopicError(
  plan: Plan,
  topics: readonly Topic[],
  id: string | undefined,
): MillraceError | undefined {
  if (id === undefined) return undefined
  const { name, redriveTopic: topic } = plan
  const present = topics.find((each) => each.name === topic)
  if (present !== undefined) return recreatedTopic(plan, present, id)
  const text = `topic "${topic}" is gone, from which "${name}" has read redriven letters`
  return new KafkaError('KAFKA_TOPIC_MISSING', text, { topic })
}

/** `SOURCE_RECREATED`, unless a topic has the id that it had. */
function recreatedTopic({ name: app }: Plan, { name: topic, id: is }: Topic, was: string): MillraceError | undefined {
  if (is === was) return undefined
  return new MillraceError(
    'SOURCE_RECREATED',
    `topic "${topic}" is not the one that "${app}" has read so far: it was deleted and created again`,
    { app, topic, was, is },
  )
}

function otherProgram({ name }: Plan, text: string): MillraceError {
  const message = `the checkpoint of "${name}" was written by another program: ${text}`
  return new MillraceError('CHECKPOINT_INCOMPATIBLE', message, { app: name, differences: text })
}

/** Which partition of redriven letters is of which source follows from the order of those that are read. */
function movesRedriven(migration: Migration): string[] {
  if (migration.kind !== 'removed' && migration.kind !== 'returned') return []
  return [`source "${migration.topic}" is ${migration.kind}, and dead letters have been redriven`]
}

/** A source never has fewer partitions than before, and one that returns has as many lanes in each. */
function lostPartitions(
  plan: Plan,
  topics: readonly Topic[],
  { topology, former = [], partitions }: Manifest,
): string[] {
  const numbered = [
    ...topology.sources.map(({ topic }, source) => ({ topic, source })),
    ...former.map(({ topic }, at) => ({ topic, source: topology.sources.length + 1 + at })),
  ]
  return numbered.flatMap(({ topic, source }) => {
    const had = partitions.filter((each) => each.source === source && !each.index).length
    const has = topics.find(({ name }) => name === topic)?.partitions.length ?? had
    const which = topology.sources.length === 1 ? 'source' : `source "${topic}"`
    if (has < had) return [`${which} had ${had} partitions and has ${has}`]
    const planned = plan.sources.find((each) => each.topic === topic)
    const lanes = partitions.filter((each) => each.source === source && each.partition === 0).length
    if (planned === undefined || source <= topology.sources.length || laneCountOf(planned) === lanes) return []
    return [`${which} made ${lanes} records of each, and makes ${laneCountOf(planned)}`]
  })
}

/**
 * `CHECKPOINT_INCOMPATIBLE` where parts are pending of a source that a program does not read any more.
 *
 * @param pending - Their number, by that of the partition.
 */
export function leftBehind(
  plan: Plan,
  manifest: Manifest,
  partitions: Pick<SourcePartitions, 'placeOf'>,
  pending: readonly number[],
): MillraceError | undefined {
  const texts = presentSources(manifest).flatMap(({ topic }) => {
    if (isRead(plan, topic)) return []
    const count = pending.reduce(
      (sum, each, number) => sum + (partitions.placeOf(number).topic === topic ? each : 0),
      0,
    )
    return count === 0 ? [] : [`source "${topic}" is removed, of which ${count} parts are pending`]
  })
  return texts.length === 0 ? undefined : otherProgram(plan, texts.join('; '))
}

/** Whether a program is told to begin a source at what another consumer has committed under its name. */
function isTakenOver({ name, sources: planned }: Plan, sources: Findings['sources'], number: number): boolean {
  const from = planned[sources.partitions.list[number]!.source]?.from
  return typeof from === 'object' && 'group' in from && from.group === name
}

/** Without a checkpoint a group must not have committed anything but what the program is told to begin at. */
function commitsWithoutCheckpoint(plan: Plan, { commits, sources }: Findings): MillraceError | undefined {
  const { name, checkpointTopic } = plan
  const first = commits.findIndex((commit, number) => {
    return commit !== undefined && (commit.isOwn || !isTakenOver(plan, sources, number))
  })
  if (first < 0) return undefined
  const facts = { app: name, topic: checkpointTopic }
  if (commits.some((commit) => commit?.isOwn)) {
    const what = `group "${name}" has committed offsets, but topic "${checkpointTopic}" has no checkpoint: it was deleted or emptied`
    return new MillraceError('CHECKPOINT_MISSING', what, facts)
  }
  const { topic: source } = sources.partitions.placeOf(first)
  const what = `group "${name}" has offsets of topic "${source}" that another consumer has committed, and never had a checkpoint`
  return new MillraceError('GROUP_FOREIGN', what, { ...facts, source })
}

/**
 * The group's offsets are committed with the manifest; whoever changed them by hand wanted something that did not
 * happen. Of partitions that the manifest does not know there are none.
 */
function offsetsThatDiffer(
  plan: Plan,
  { nextOffsets, topology }: Manifest,
  { commits, sources }: Findings,
): MillraceError | undefined {
  const {
    name,
    sources: { length },
  } = plan
  for (const number of sources.partitions.firsts) {
    const commit = commits[number]
    const nextOffset = sources.partitions.leastOf(number, nextOffsets)
    if (commit === undefined || commit.offset === nextOffset) continue
    const { offset } = commit
    const { topic, partition } = sources.partitions.placeOf(number)
    if (!isSourceOf(topology, topic) && !commit.isOwn && isTakenOver(plan, sources, number)) continue
    const where = length === 1 ? `partition ${partition}` : `partition ${partition} of topic "${topic}"`
    return new MillraceError(
      'GROUP_OFFSETS_DIFFER',
      `group "${name}" has offset ${offset} in ${where}, the checkpoint has ${nextOffset}: somebody else has set it`,
      { app: name, topic, partition, committed: offset, checkpoint: nextOffset },
    )
  }
  return undefined
}
