import type { MillraceError } from '../../core/errors.ts'
import type { TaskMembership } from '../../kafka/index.ts'

/** What has become of the tasks of a member since it began to work on some. */
export type ShareChange =
  /** It has others, or is to give some up: what is under way is committed first. */
  | { readonly kind: 'changed' }
  /** It has none any more, and nothing may be committed. */
  | { readonly kind: 'lost'; readonly reason: MillraceError }

/**
 * The tasks that the group gives to this process, and takes from it.
 *
 * State: the tasks that are this member's, those of them that it is to give up, and whether it has lost them all; others
 * of which it is to keep copies.
 */
export class TaskShares {
  readonly #had = new Set<number>()
  readonly #leaving = new Set<number>()
  #copies: readonly number[] = []
  #lost: MillraceError | undefined
  #change = Promise.withResolvers<ShareChange>()

  gained(tasks: readonly number[]): void {
    for (const task of tasks) this.#had.add(task)
    this.#tell({ kind: 'changed' })
  }

  losing(tasks: readonly number[]): void {
    for (const task of tasks) this.#leaving.add(task)
    this.#tell({ kind: 'changed' })
  }

  stopping(reason: MillraceError): void {
    this.#had.clear()
    this.#leaving.clear()
    this.#lost = reason
    this.#tell({ kind: 'lost', reason })
  }

  standingBy(tasks: readonly number[]): void {
    this.#copies = tasks
  }

  /** Those of which the group wants copies to be kept here. */
  get copies(): readonly number[] {
    return this.#copies
  }

  /** Whether a task is this member's, be it given up or not. */
  has(task: number): boolean {
    return this.#had.has(task)
  }

  /** Those to work on, in ascending order. */
  get own(): number[] {
    return [...this.#had].filter((task) => !this.#leaving.has(task)).sort((a, b) => a - b)
  }

  /** Resolves with the next change. To be asked for before `own`. */
  get change(): Promise<ShareChange> {
    return this.#change.promise
  }

  /** Why all tasks are lost, where the group waits for the end of their work. */
  get lost(): MillraceError | undefined {
    return this.#lost
  }

  /** Nothing is worked on that was lost or is to be given up: tells the group what it waits for. */
  settle(membership: Pick<TaskMembership, 'gaveUp' | 'stopped'>): void {
    if (this.#lost !== undefined) {
      this.#lost = undefined
      membership.stopped()
    }
    const left = [...this.#leaving]
    if (left.length === 0) return
    this.#leaving.clear()
    for (const task of left) this.#had.delete(task)
    membership.gaveUp(left)
  }

  #tell(change: ShareChange): void {
    const { resolve } = this.#change
    this.#change = Promise.withResolvers()
    resolve(change)
  }
}
