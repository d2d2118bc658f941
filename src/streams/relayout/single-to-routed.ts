import { assert } from '../../core/assert.ts'
import { noSide, OffsetSet, PendingTable, Reason } from '../../kernel/index.ts'
import { encodeMoved, movedKey, movedOf, type MovedRecord } from '../checkpoint/moved-record.ts'
import { EpochCounts } from '../epochs/epoch-counts.ts'
import { restoreApart } from '../standby/restore-apart.ts'
import { seedOf } from '../recovery/task-share.ts'
import type { KafkaServices } from '../runtime/services.ts'
import { RoutedRows } from '../tasks/routed-rows.ts'
import { TimestampWindow } from '../time/timestamp-window.ts'
import { checkpointSink, findSources, outputSinks, outputsOf, recordBytesMax } from '../topics/program-topics.ts'
import { sourcesOf } from '../topics/sources.ts'
import { laneCountOf } from '../topology/plan-sources.ts'
import { countedOf, endsOf } from './earlier-account.ts'
import { relayoutRefused } from './movable.ts'
import { moveKeys } from './moved-keys.ts'
import { newAccount } from './new-account.ts'
import { type MoveSides, tasksOf } from './single-and-keyed.ts'
import { WrittenCheckpoint, writeLeft } from './written-checkpoint.ts'

/** How long a part may take until a broker looks at it. */
const routedLateMs = 60_000

/**
 * Moves a program from the layout `single` to `routed`: what routes goes on where `single` was, and what merges gets the
 * pending parts as the first ones that are routed. Both accounts begin anew.
 *
 * @param merging - What merges, in the layout `routed`.
 */
export async function moveToRouted({ from, last, to, move, signal }: MoveSides, merging: KafkaServices): Promise<void> {
  const { state, found, checkpoint, manifests } = last
  const { partitions } = found.sources
  const before = found.manifest!
  const { pending, accounting } = state
  const epoch = before.epoch + 1
  const movedMs = from.clock.nowMs()
  const routed = await routePending({ from, last, to, move, signal })
  assert(routed === pending.count, 'each pending part is routed')

  const topic = to.topics.sinks[checkpointSink]!
  const tasks = tasksOf(topic, partitions, to.plan.name)
  const account = accounting.committed()
  const { nextOffsets } = account
  const whole = newAccount(to, found.sources, { epoch, closedMs: movedMs, nextOffsets, hashSeed: seedOf(topic.id) })
  const counted = countedOf(account, movedOf(checkpoint.records))
  const moved: MovedRecord = { from: 'single', epoch, movedMs, outputsFrom: {}, counted }
  new WrittenCheckpoint(move, topic, tasks).end(
    whole,
    pending.sets.map(() => new OffsetSet()),
    moved,
  )
  const own = { ...moved, outputsFrom: await endsOf(from, outputsOf(merging.topics)) }
  await beginMerging({ last, move }, merging, own)
  writeLeft(move, from.topics.sinks[checkpointSink]!, manifests, 'routed')
}

/** Writes the first checkpoint of what merges: nothing is consumed, but keys may have been completed. */
async function beginMerging(
  { last: { checkpoint, manifests }, move }: Pick<MoveSides, 'last' | 'move'>,
  merging: KafkaServices,
  moved: MovedRecord,
): Promise<void> {
  const { cluster, plan, topics } = merging
  const topic = topics.sinks[checkpointSink]!
  const sources = sourcesOf(plan, await findSources(cluster, plan))
  const { partitions } = sources
  const tasks = tasksOf(topic, partitions, plan.name)
  const written = new WrittenCheckpoint(move, topic, tasks)
  const completed = moveKeys(checkpoint.records, manifests, written.put, tasks.count)
  // Without any it begins as a program that is new.
  if (completed === undefined) return written.put(movedKey, encodeMoved(moved))
  const nextOffsets = partitions.list.map(() => 0)
  const { epoch, movedMs: closedMs } = moved
  const whole = newAccount(merging, sources, { epoch, closedMs, nextOffsets, hashSeed: seedOf(topic.id) })
  const none = nextOffsets.map(() => new OffsetSet())
  written.end(whole, none, moved, completed)
}

/**
 * Writes each pending part to the partition of its merge key, with the place of its record.
 *
 * @returns How many there were.
 * @throws MillraceError `RELAYOUT_REFUSED`, and what a restoration fails with.
 */
async function routePending({ from, last, to, move, signal }: MoveSides): Promise<number> {
  const { state, found } = last
  const { partitions } = found.sources
  const { topics, plan } = to
  const routedTopics = outputSinks(plan).merged.map((sink) => ({
    out: move.out(topics.sinks[sink]!),
    recordBytesMax: recordBytesMax(topics, sink),
    times: new TimestampWindow(topics.timestamps[sink]!, from.clock, routedLateMs),
  }))
  const sideNames = plan.sides.map(({ name }) => name)
  const table = unusedTable(
    sideNames.length,
    plan.sources.some((source) => laneCountOf(source) > 1),
  )
  const routed = new RoutedRows(table.routes, routedTopics, sideNames, partitions)
  const counts = new EpochCounts(partitions.list.map(() => 0))
  let count = 0
  await restoreApart(from, { state, sources: found.sources }, signal, (columns) => {
    const taken = routed.take(columns, counts, Infinity)
    assert(taken === columns.count, 'there is room for all of them')
    const { side, offset, partition } = columns
    const row = side.subarray(0, taken).indexOf(noSide)
    if (row >= 0) {
      const where = `offset ${offset[row]} of ${partitions.text(partition)}`
      throw relayoutRefused(
        plan.name,
        `the part at ${where} is pending, and the topic for routed parts does not take it`,
      )
    }
    count += taken
    return move.room()
  })
  table.flush()
  return count
}

/** Writes parts and holds none. */
function unusedTable(sideCount: number, hasLanes: boolean): PendingTable {
  return new PendingTable({
    sideCount,
    hasLanes,
    isUnused: true,
    carries: true,
    bytesMax: 1 << 26,
    hashSeed: [0, 0],
    duplicateReason: Reason.DUPLICATE,
    tooLargeReason: Reason.MERGE_TOO_LARGE,
    refusedTimeReason: Reason.MERGE_TIMESTAMP_REFUSED,
  })
}
