import { KafkaError, MillraceError } from '../../core/errors.ts'
import type { GroupCommit, Topic } from '../../kafka/index.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { isSourceOf, migrationOf } from '../checkpoint/migration.ts'
import { differences, shapeOf } from '../checkpoint/topology-shape.ts'
import type { SourcePartition } from '../topics/source-partitions.ts'
import type { Sources } from '../topics/sources.ts'
import type { Plan } from '../topology/plan.ts'

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
 * Judges what a start has found. Refusals are `CHECKPOINT_MISSING`, `GROUP_FOREIGN`, `CHECKPOINT_INCOMPATIBLE`,
 * `SOURCE_RECREATED`, `GROUP_OFFSETS_DIFFER`.
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
  const counts = sources.topics.map((_, source) => known.filter((each) => each.source === source && !each.index).length)
  const expiredOffsets = [...manifest.nextOffsets.keys()].filter(
    (number) => commits[number] === undefined && sources.partitions.isFirst(number),
  )
  return { kind: 'goes on', knownPartitions: counts, expiredOffsets }
}

/**
 * The partitions that a manifest numbers, by the sources of a program, whose order may be another one; none where it is
 * of other sources.
 */
export function knownPartitions(plan: Plan, { topology, partitions }: Manifest): SourcePartition[] {
  const now = topology.sources.map(({ topic }) => plan.sources.findIndex((source) => source.topic === topic))
  if (now.includes(-1)) return []
  now.push(plan.sources.length)
  return partitions.map((each) => ({ ...each, source: now[each.source]! }))
}

/** `CHECKPOINT_INCOMPATIBLE` or `SOURCE_RECREATED`, unless a checkpoint fits a program and its sources. */
export function incompatibility(
  plan: Plan,
  topics: readonly Topic[],
  { topology, partitions, sourceIds }: Manifest,
): MillraceError | undefined {
  const { name } = plan
  const now = shapeOf(plan)
  const changed = differences(migrationOf(topology, now).shape, now)
  const names = [...topology.sources.map(({ topic }) => topic), plan.redriveTopic]
  const topicOf = (source: number) => topics.find((topic) => topic.name === names[source])
  for (const [source, { topic }] of topology.sources.entries()) {
    const had = partitions.filter((each) => each.source === source && !each.index).length
    const has = topicOf(source)?.partitions.length ?? had
    const which = topology.sources.length === 1 ? 'source' : `source "${topic}"`
    if (has < had) changed.push(`${which} had ${had} partitions and has ${has}`)
  }
  if (changed.length > 0) {
    const text = `the checkpoint of "${name}" was written by another program: ${changed.join('; ')}`
    return new MillraceError('CHECKPOINT_INCOMPATIBLE', text, { app: name, differences: changed.join('; ') })
  }
  const recreated = sourceIds.findIndex((id, source) => topicOf(source)?.id !== id)
  if (recreated < 0) return undefined
  const topic = topicOf(recreated)
  if (topic === undefined) {
    const text = `topic "${plan.redriveTopic}" is gone, from which "${name}" has read redriven letters`
    return new KafkaError('KAFKA_TOPIC_MISSING', text, { topic: plan.redriveTopic })
  }
  return new MillraceError(
    'SOURCE_RECREATED',
    `topic "${topic.name}" is not the one that "${name}" has read so far: it was deleted and created again`,
    { app: name, topic: topic.name, was: sourceIds[recreated]!, is: topic.id },
  )
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
