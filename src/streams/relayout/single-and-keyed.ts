import type { Topic } from '../../kafka/index.ts'
import { noSide, plainRecord } from '../../kernel/index.ts'
import { type Manifest, manifestFormat } from '../checkpoint/manifest.ts'
import { placeOfPart } from '../checkpoint/checkpoint-topic.ts'
import { sumOf } from '../checkpoint/digest.ts'
import { movedOf } from '../checkpoint/moved-record.ts'
import { restoreApart } from '../standby/restore-apart.ts'
import { descriptionOf } from '../recovery/description.ts'
import { seedOf } from '../recovery/task-share.ts'
import type { KafkaServices } from '../runtime/services.ts'
import { refuseMisplaced } from '../tasks/misplaced-rows.ts'
import { oneTask, type Tasks } from '../tasks/tasks.ts'
import { checkpointSink, outputsOf } from '../topics/program-topics.ts'
import { readRecords } from '../topics/record-reader.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
import type { LastState } from './layout-half.ts'
import type { MoveTransaction } from './move-transaction.ts'
import { relayoutRefused } from './movable.ts'
import { moveKeys } from './moved-keys.ts'
import { WrittenCheckpoint, writeLeft } from './written-checkpoint.ts'

/** A program in the layout that it leaves, and in the one that it goes to. */
export interface MoveSides {
  readonly from: KafkaServices
  readonly last: LastState
  readonly to: KafkaServices
  readonly move: MoveTransaction
  readonly signal: AbortSignal
}

/**
 * Moves a program between the layouts `single` and `keyed`: source partitions, pending offsets and counters are the same,
 * in one checkpoint or in one for each task. Its account goes on.
 */
export async function moveSingleOrKeyed({ from, last, to, move, signal }: MoveSides): Promise<void> {
  const { state, found, checkpoint, manifests } = last
  const { layout, name } = to.plan
  const topic = to.topics.sinks[checkpointSink]!
  const { partitions, ids } = found.sources
  const tasks = layout === 'single' ? oneTask : tasksOf(topic, partitions, name)
  if (layout === 'keyed') await checkPlaces(from, last, tasks, signal)
  const before = found.manifest!
  const epoch = before.epoch + 1
  const movedMs = from.clock.nowMs()
  const written = new WrittenCheckpoint(move, topic, tasks)
  await copyPromoted(from, last, move, written)
  const whole: Manifest = {
    ...before,
    format: manifestFormat,
    epoch,
    closedMs: movedMs,
    task: undefined,
    ...descriptionOf(to.plan, outputsOf(to.topics), before),
    sourceIds: ids,
    partitions: partitions.list,
    ...state.accounting.committed(),
    pending: state.pending.count,
    digest: sumOf(state.pending.digests),
    hashSeed: layout === 'keyed' ? seedOf(topic.id) : found.tasks!.hashSeed,
    isDigestOpen: layout === 'keyed' ? true : before.isDigestOpen,
  }
  const moved = { outputsFrom: {}, ...movedOf(checkpoint.records), from: from.plan.layout, epoch, movedMs }
  const completed = moveKeys(checkpoint.records, manifests, written.put, tasks.count)
  written.end(whole, state.pending.sets, moved, completed)
  writeLeft(move, from.topics.sinks[checkpointSink]!, manifests, layout)
}

/** All tasks of a program, as the one who writes their first checkpoints has them. */
export function tasksOf(
  { partitions: { length: count } }: Topic,
  sources: Pick<SourcePartitions, 'taskOf'>,
  writer: string,
): Tasks {
  const own = Array.from({ length: count }, (_, task) => task)
  return { count, own, taskOf: (number) => sources.taskOf(number), writer }
}

/**
 * Reads all pending parts, and fails where one is in another task than its merge key: it would wait for ever.
 *
 * @throws MillraceError `RELAYOUT_REFUSED`, and what a restoration fails with.
 */
async function checkPlaces(
  from: KafkaServices,
  { state, found: { sources } }: LastState,
  tasks: Tasks,
  signal: AbortSignal,
): Promise<void> {
  await restoreApart(from, { state, sources }, signal, (columns) => {
    refuseMisplaced(columns, tasks)
    const { side, count, offset, partition } = columns
    const row = side.subarray(0, count).indexOf(noSide)
    if (row < 0) return undefined
    const what = `a part is pending at offset ${offset[row]} of ${sources.partitions.text(partition)}, which is not the partition of its merge key`
    throw relayoutRefused(from.plan.name, what)
  })
}

/** Copies the promoted parts that are still pending. */
async function copyPromoted(
  { cluster, topics }: KafkaServices,
  { state: { promoted, pending } }: LastState,
  move: MoveTransaction,
  { put }: WrittenCheckpoint,
): Promise<void> {
  const topic = topics.sinks[checkpointSink]!
  await readRecords({ cluster, topic, isUrgent: true }, (columns) => {
    for (let row = 0; row < columns.count; row++) {
      const { key, value } = plainRecord(columns, row)
      const name = key === undefined ? '' : Buffer.from(key).toString()
      const place = placeOfPart(name)
      if (place === undefined || value === undefined) continue
      const { partition, offset } = place
      if (promoted.has(partition, offset) && pending.sets[partition]!.has(offset)) put(name, value)
    }
    return move.room()
  })
}
