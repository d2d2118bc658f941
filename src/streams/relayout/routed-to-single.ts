import { systemRandom } from '../../core/random.ts'
import { assert } from '../../core/assert.ts'
import type { MillraceError } from '../../core/errors.ts'
import { OffsetSet, readRoutedPlace } from '../../kernel/index.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { movedOf, type MovedRecord } from '../checkpoint/moved-record.ts'
import { restoreApart } from '../standby/restore-apart.ts'
import type { KafkaServices } from '../runtime/services.ts'
import { oneTask } from '../tasks/tasks.ts'
import { checkpointSink, outputsOf } from '../topics/program-topics.ts'
import { countedOf, endsOf } from './earlier-account.ts'
import type { LastState } from './layout-half.ts'
import { relayoutRefused } from './movable.ts'
import { moveLetters } from './moved-letters.ts'
import { moveKeys } from './moved-keys.ts'
import { newAccount } from './new-account.ts'
import type { MoveSides } from './single-and-keyed.ts'
import { WrittenCheckpoint, writeLeft } from './written-checkpoint.ts'

/** The half of the layout `routed` that merges. */
export interface Merging {
  readonly services: KafkaServices
  readonly last: LastState
}

/**
 * Moves a program from the layout `routed` to `single`: it goes on where what routes was, and has pending the records of
 * the parts that are pending, which the sources must have still. Its account begins anew. All that was routed has been
 * merged before, or is pending.
 *
 * @throws MillraceError `RELAYOUT_REFUSED`, and what a restoration fails with.
 */
export async function moveFromRouted({ from, last, to, move, signal }: MoveSides, merging: Merging): Promise<void> {
  const { state, found, checkpoint, manifests } = last
  const { partitions } = found.sources
  const topic = to.topics.sinks[checkpointSink]!
  const account = state.accounting.committed()
  const epoch = Math.max(found.manifest!.epoch, merging.last.found.manifest?.epoch ?? 0) + 1
  const movedMs = from.clock.nowMs()
  const written = new WrittenCheckpoint(move, topic, oneTask)
  const pending = account.nextOffsets.map(() => new OffsetSet())

  const { sources } = merging.last.found
  await restoreApart(merging.services, { state: merging.last.state, sources }, signal, (columns) => {
    for (let row = 0; row < columns.count; row++) {
      const place = readRoutedPlace(columns, row)
      const set = place && pending[place.partition]
      assert(place !== undefined && set !== undefined && !set.has(place.offset), 'each part names a record of its own')
      if (place.offset < found.logStarts[place.partition]!)
        throw recordGone(to.plan.name, partitions.text(place.partition), place.offset)
      set.add(place.offset)
    }
    return undefined
  })
  const count = pending.reduce((sum, set) => sum + set.count, 0)
  await moveLetters(merging.services, sources.partitions, to, move)
  const { nextOffsets } = account
  const hashSeed = [systemRandom.nextUint32(), systemRandom.nextUint32()] as const
  const whole: Manifest = {
    ...newAccount(to, found.sources, { epoch, closedMs: movedMs, nextOffsets, hashSeed }),
    brought: pending.map((set) => set.count),
    pending: count,
    ...(count > 0 && { isDigestOpen: true }),
  }
  const ofRouting = countedOf(account, movedOf(checkpoint.records), ['emitted'])
  const moved: MovedRecord = {
    from: 'routed',
    epoch,
    movedMs,
    outputsFrom: await endsOf(from, outputsOf(to.topics)),
    counted: countedOf(merging.last.state.accounting.committed(), { counted: ofRouting }, ['skipped']),
  }
  const { checkpoint: ofMerging, manifests: mergingManifests } = merging.last
  const completed = moveKeys(ofMerging.records, mergingManifests, written.put, 1)
  written.end(whole, pending, moved, completed)
  writeLeft(move, from.topics.sinks[checkpointSink]!, manifests, 'single')
  writeLeft(move, merging.services.topics.sinks[checkpointSink]!, merging.last.manifests, 'single')
}

function recordGone(app: string, partition: string, offset: number): MillraceError {
  const what = `the part of offset ${offset} of ${partition} is pending, and that record has been removed from its source`
  return relayoutRefused(app, what)
}
