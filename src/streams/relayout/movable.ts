import { MillraceError } from '../../core/errors.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { migrationOf } from '../checkpoint/migration.ts'
import { shapeOf } from '../checkpoint/topology-shape.ts'
import type { SourcePartition } from '../topics/source-partitions.ts'
import type { LastState } from './layout-half.ts'
import { keepsFinishedParts, type Plan } from '../topology/plan.ts'

export function relayoutRefused(app: string, why: string): MillraceError {
  return new MillraceError('RELAYOUT_REFUSED', `"${app}" cannot change its layout: ${why}`, { app })
}

/** What of a checkpoint is looked at before a move. */
type Looked = Pick<Manifest, 'topology' | 'former' | 'partitions' | 'pending'>

/**
 * Fails where a checkpoint has something that another layout could not go on with.
 *
 * @param plan - The program in the layout that it is in.
 * @throws MillraceError `RELAYOUT_REFUSED`
 */
export function checkMovable(plan: Plan, manifest: Looked): void {
  const { name, layout } = plan
  const { former, partitions, pending } = manifest
  if (former !== undefined) throw relayoutRefused(name, 'it has read topics that are no sources any more')
  const { migrations } = migrationOf(manifest, shapeOf(plan))
  if (migrations.length > 0)
    throw relayoutRefused(name, 'the topology given is another version of it: start that first, in the present layout')
  checkNumbers(name, partitions)
  if (pending === 0 || layout !== 'routed') return
  if (keepsFinishedParts(plan))
    throw relayoutRefused(name, `${pending} parts are pending, which functions have made with tables that topics fill`)
  const computed = plan.sides.find(({ stage: { part, deterministic } }) => typeof part === 'function' && !deterministic)
  if (computed !== undefined)
    throw relayoutRefused(
      name,
      `${pending} parts are pending, and those of side "${computed.name}" may not be made twice: its function is not deterministic`,
    )
}

/** In other layouts the partitions have numbers source by source, and after them those of redriven letters. */
function checkNumbers(app: string, partitions: readonly SourcePartition[]): void {
  if (partitions.some(({ source }, number) => source < (partitions[number - 1]?.source ?? 0)))
    throw relayoutRefused(app, 'a source has been given partitions since others, or redriven letters, were first read')
}

/** The same of what has been found of it. */
export function checkState({ state, found }: LastState, { name }: Plan): void {
  checkNumbers(name, found.sources.partitions.list)
  if (state.retaken.isDue || state.isEpochDue)
    throw relayoutRefused(name, 'an epoch is due first: start it once, in the present layout')
}
