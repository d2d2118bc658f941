import { isDeepStrictEqual } from 'node:util'
import { MillraceError } from '../../core/errors.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { differences, shapeOf } from '../checkpoint/topology-shape.ts'
import type { Sources } from '../topics/sources.ts'
import type { Plan } from '../topology/plan.ts'
import { recreatedSource, redrivenTopicError } from './compatibility.ts'
import { layoutDiffers } from './layout-elsewhere.ts'

/**
 * Why a program cannot go on with a task, by its manifest: `LAYOUT_DIFFERS`, `CHECKPOINT_INCOMPATIBLE`, `SOURCE_RECREATED`,
 * `KAFKA_TOPIC_MISSING`. Undefined where it can.
 */
export function taskIncompatibility(
  plan: Plan,
  { topics, ids, partitions: { list } }: Pick<Sources, 'topics' | 'ids' | 'partitions'>,
  manifest: Manifest,
): MillraceError | undefined {
  const otherLayout = layoutDiffers(plan, manifest)
  if (otherLayout !== undefined) return otherLayout
  const { topology, sourceIds, task, partitions } = manifest
  const redriven = redrivenTopicError(plan, topics, sourceIds[plan.sources.length])
  if (redriven !== undefined) return redriven
  const shape = shapeOf(plan)
  const found = { topology, sourceIds, partitions }
  const expected = {
    topology: shape,
    // Letters may have been redriven since.
    sourceIds: ids.slice(0, Math.max(sourceIds.length, plan.sources.length)),
    partitions: task!.numbers.map((number) => list[number]),
  }
  if (isDeepStrictEqual(found, expected)) return undefined
  const differing = differences(topology, shape)
  const recreated = differing.length === 0 ? recreatedSource(plan, topics, manifest) : undefined
  if (recreated !== undefined) return recreated
  const changed = differing.join('; ') || 'its sources, or a version of its functions, are others'
  return new MillraceError(
    'CHECKPOINT_INCOMPATIBLE',
    `the checkpoint of task ${task!.number} of "${plan.name}" was written by another program, or another version of it: ${changed}`,
    { app: plan.name, task: task!.number, differences: changed },
  )
}
