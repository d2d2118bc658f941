import { type CheckpointRecords, manifestOf } from '../checkpoint/checkpoint-records.ts'
import type { Tasks } from '../tasks/tasks.ts'
import { type Attempt, attemptOf } from './attempt.ts'

/**
 * The notes of a member about its starts, one with the checkpoint of each of its tasks: so each next owner of a task
 * knows how many processes have died with it.
 *
 * A note counts at the last epoch of its task. Until the member has committed an epoch, the tasks that it has just been
 * given are at epochs of their own.
 */
export class TaskNotes {
  readonly #tasks: Tasks
  /** Of the last epoch, over all tasks and of each of them. */
  readonly #epoch: number
  readonly #epochs = new Map<number, number>()
  /** The note of the task with which most processes have died, as of the epoch of the member; undefined for none. */
  readonly last: Attempt | undefined

  constructor(tasks: Tasks, records: CheckpointRecords, epoch: number) {
    this.#tasks = tasks
    this.#epoch = epoch
    for (const task of tasks.own) {
      const ofTask = manifestOf(records, task)?.epoch ?? 0
      this.#epochs.set(task, ofTask)
      const attempt = attemptOf(records, task)
      if (attempt === undefined || attempt.epoch !== ofTask || isBelow(attempt, this.last)) continue
      this.last = { ...attempt, epoch }
    }
  }

  /** What is noted with each task; a piece with that of its own. */
  of({ piece, ...attempt }: Attempt): ReadonlyMap<number, Attempt> {
    const { own, taskOf, writer } = this.#tasks
    return new Map(
      own.map((task) => {
        const epoch = attempt.epoch === this.#epoch ? this.#epochs.get(task)! : attempt.epoch
        const isOfTask = piece !== undefined && taskOf(piece.partition) === task
        return [task, { ...attempt, epoch, ...(isOfTask && { piece }), ...(writer !== undefined && { writer }) }]
      }),
    )
  }
}

/** A piece says more than any number of starts. */
function isBelow(attempt: Attempt, other: Attempt | undefined): boolean {
  if (other === undefined) return false
  if ((attempt.piece === undefined) !== (other.piece === undefined)) return attempt.piece === undefined
  return attempt.starts <= other.starts
}
