import { MillraceError } from '../../core/errors.ts'
import type { GroupCommit, Topic } from '../../kafka/index.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { differences, shapeOf } from '../checkpoint/topology-shape.ts'
import type { Plan } from '../topology/plan.ts'

/** Whether a program can go on from what was found, and how. */
export type Compatibility =
  /** There never was an epoch. */
  | { readonly kind: 'first start' }
  | {
      readonly kind: 'goes on'
      /** Partitions that the manifest knows; the source may have been given more since. */
      readonly knownPartitions: number
      /** Partitions whose offset the group has lost; the checkpoint has it. */
      readonly expiredOffsets: readonly number[]
    }
  | { readonly kind: 'refused'; readonly error: MillraceError }

export interface Findings {
  /** Of the last epoch; undefined when there is none. */
  readonly manifest: Manifest | undefined
  readonly source: Topic
  /** Of the group, by source partition. */
  readonly commits: readonly (GroupCommit | undefined)[]
}

/**
 * Judges what a start has found. Refusals are `CHECKPOINT_MISSING`, `GROUP_FOREIGN`, `CHECKPOINT_INCOMPATIBLE`,
 * `SOURCE_RECREATED`, `GROUP_OFFSETS_DIFFER`.
 */
export function compatibilityOf(plan: Plan, { manifest, source, commits }: Findings): Compatibility {
  const error =
    manifest === undefined
      ? commitsWithoutCheckpoint(plan, commits)
      : (incompatibility(plan, source, manifest) ?? offsetsThatDiffer(plan, manifest, commits))
  if (error !== undefined) return { kind: 'refused', error }
  if (manifest === undefined) return { kind: 'first start' }
  const knownPartitions = manifest.nextOffsets.length
  const expiredOffsets = [...manifest.nextOffsets.keys()].filter((partition) => commits[partition] === undefined)
  return { kind: 'goes on', knownPartitions, expiredOffsets }
}

/** `CHECKPOINT_INCOMPATIBLE` or `SOURCE_RECREATED`, unless a checkpoint fits a program and its source. */
export function incompatibility(plan: Plan, topic: Topic, manifest: Manifest): MillraceError | undefined {
  const { name } = plan
  const changed = differences(manifest.topology, shapeOf(plan))
  if (topic.partitions.length < manifest.nextOffsets.length) {
    changed.push(`source had ${manifest.nextOffsets.length} partitions and has ${topic.partitions.length}`)
  }
  if (changed.length > 0) {
    const text = `the checkpoint of "${name}" was written by another program: ${changed.join('; ')}`
    return new MillraceError('CHECKPOINT_INCOMPATIBLE', text, { app: name, differences: changed.join('; ') })
  }
  if (manifest.sourceId === topic.id) return undefined
  return new MillraceError(
    'SOURCE_RECREATED',
    `topic "${topic.name}" is not the one that "${name}" has read so far: it was deleted and created again`,
    { app: name, topic: topic.name, was: manifest.sourceId, is: topic.id },
  )
}

/** Without a checkpoint a group must not have committed anything. */
function commitsWithoutCheckpoint(
  { name, source, checkpointTopic }: Plan,
  commits: Findings['commits'],
): MillraceError | undefined {
  const known = commits.filter((commit) => commit !== undefined)
  if (known.length === 0) return undefined
  const facts = { app: name, topic: checkpointTopic }
  if (known.some(({ isOwn }) => isOwn)) {
    const what = `group "${name}" has committed offsets, but topic "${checkpointTopic}" has no checkpoint: it was deleted or emptied`
    return new MillraceError('CHECKPOINT_MISSING', what, facts)
  }
  const what = `group "${name}" has offsets of topic "${source.topic}" that another consumer has committed, and never had a checkpoint`
  return new MillraceError('GROUP_FOREIGN', what, { ...facts, source: source.topic })
}

/**
 * The group's offsets are committed with the manifest; whoever changed them by hand wanted something that did not
 * happen. Of partitions that the manifest does not know there are none.
 */
function offsetsThatDiffer(
  { name }: Plan,
  { nextOffsets }: Manifest,
  commits: Findings['commits'],
): MillraceError | undefined {
  for (const [partition, commit] of commits.entries()) {
    const nextOffset = nextOffsets[partition] ?? 0
    if (commit === undefined || commit.offset === nextOffset) continue
    const { offset } = commit
    return new MillraceError(
      'GROUP_OFFSETS_DIFFER',
      `group "${name}" has offset ${offset} in partition ${partition}, the checkpoint has ${nextOffset}: somebody else has set it`,
      { app: name, partition, committed: offset, checkpoint: nextOffset },
    )
  }
  return undefined
}
