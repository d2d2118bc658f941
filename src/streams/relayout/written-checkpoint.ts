import { type CompletedCounts, encodeOffsets, type OffsetSet } from '../../kernel/index.ts'
import { pieceBytesOf, putInto } from '../checkpoint/checkpoint-writer.ts'
import { baseKey, manifestKey, type PutRecord } from '../checkpoint/checkpoint-topic.ts'
import { type Digest, emptyDigest } from '../checkpoint/digest.ts'
import { encodeManifest, type Manifest } from '../checkpoint/manifest.ts'
import { encodeMoved, movedKey, type MovedRecord } from '../checkpoint/moved-record.ts'
import { manifestOfTask } from '../tasks/task-manifests.ts'
import type { Tasks } from '../tasks/tasks.ts'
import type { Topic } from '../../kafka/index.ts'
import type { Layout } from '../topology/layout.ts'
import type { MoveTransaction } from './move-transaction.ts'

/** Writes the first checkpoint of a layout, into topics that have nothing yet. */
export class WrittenCheckpoint {
  readonly #move: MoveTransaction
  readonly #topic: Topic
  readonly #tasks: Tasks
  readonly put: PutRecord

  constructor(move: MoveTransaction, topic: Topic, tasks: Tasks) {
    this.#move = move
    this.#topic = topic
    this.#tasks = tasks
    this.put = putInto(move.out(topic), tasks)
  }

  /**
   * Names what is pending, and ends with the manifests, without which nothing of it counts.
   *
   * @param whole - Over all partitions. Its bases are those that are written here.
   * @param completed - Of the keys that were written here, by task; absent where none are remembered.
   */
  end(
    whole: Manifest,
    pending: readonly OffsetSet[],
    moved: MovedRecord,
    completed?: readonly CompletedCounts[],
  ): void {
    const { count, own, taskOf } = this.#tasks
    const pieceBytes = pieceBytesOf(this.#move.out(this.#topic))
    const basePieces = pending.map((set, number) => {
      const pieces = encodeOffsets(pieceBytes, (add) => set.members(add))
      pieces.forEach((piece, at) => this.put(baseKey(number, at), piece))
      return pieces.length
    })
    const none = pending.map(() => 0)
    const bases = { baseEpochs: pending.map(() => whole.epoch), basePieces, deltaPieces: none }
    this.put(movedKey, encodeMoved(moved))
    const counts = Array.from({ length: count }, () => 0)
    pending.forEach((set, number) => (counts[taskOf(number)]! += set.count))
    for (const task of own) {
      const isOpen = whole.isDigestOpen === true && counts[task]! > 0
      const digest: Digest = count === 1 && !isOpen ? whole.digest : emptyDigest
      const ofTask = {
        ...whole,
        ...bases,
        pending: counts[task]!,
        digest,
        completed: completed?.[task],
        ...(isOpen ? {} : { isDigestOpen: undefined }),
      }
      this.put(manifestKey, encodeManifest(manifestOfTask(ofTask, this.#tasks, task)), task)
    }
  }
}

/** Says in the checkpoint that is left where its program has gone: the last manifest of each task once more. */
export function writeLeft(move: MoveTransaction, topic: Topic, manifests: readonly Manifest[], movedTo: Layout): void {
  const put = putInto(move.out(topic), { count: topic.partitions.length, taskOf: () => 0 })
  for (const manifest of manifests) put(manifestKey, encodeManifest({ ...manifest, movedTo }), manifest.task?.number)
}
