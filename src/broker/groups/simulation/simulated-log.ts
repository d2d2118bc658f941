import assert from 'node:assert/strict'
import type { Task } from '../../../kafka/index.ts'

/** A transaction over several tasks, whose offsets the coordinator of the group has taken. */
export interface OpenTransaction {
  readonly owner: string
  readonly tasks: readonly Task[]
  /** How often each of its tasks had been committed when its writer began to work on it. */
  readonly bases: ReadonlyMap<Task, number>
  isOver: boolean
}

/** What a group has committed: how often each task was, and the transactions whose end is not known yet. */
export class SimulatedLog {
  readonly #versions = new Map<Task, number>()
  readonly #open = new Set<OpenTransaction>()

  version(task: Task): number {
    return this.#versions.get(task) ?? 0
  }

  open(transaction: OpenTransaction): void {
    this.#open.add(transaction)
  }

  /** Those whose outcome whoever takes a task over has to wait for. */
  openOf(task: Task): OpenTransaction[] {
    return [...this.#open].filter(({ tasks }) => tasks.includes(task))
  }

  abort(transaction: OpenTransaction): void {
    transaction.isOver = true
    this.#open.delete(transaction)
  }

  /** Commits, unless somebody has aborted it; nothing may have been committed that its writer has not seen. */
  commit(transaction: OpenTransaction): boolean {
    if (transaction.isOver) return false
    this.abort(transaction)
    for (const task of transaction.tasks) {
      const version = this.version(task)
      const base = transaction.bases.get(task)
      assert.equal(
        base,
        version,
        `${transaction.owner} commits task ${task} after ${version} commits, and knows ${base}`,
      )
      this.#versions.set(task, version + 1)
    }
    return true
  }
}
