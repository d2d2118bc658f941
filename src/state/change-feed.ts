import { ConfigError, StateError } from '../core/errors.ts'
import { kindOf } from '../core/kind-of.ts'
import type { Write } from './write-set.ts'

/** A row that a commit has changed; its value is `undefined` where it was deleted. */
export interface Change {
  readonly table: string
  readonly key: unknown
  readonly value: unknown
}

/** What one commit has changed. */
export interface Commit {
  readonly version: number
  readonly changes: readonly Change[]
}

interface KeptCommit {
  readonly version: number
  readonly writes: readonly Write[]
}

/**
 * The changes of the latest commits, for those who follow them. Whoever falls behind so far that changes are lost is
 * told.
 */
export class ChangeFeed {
  readonly #changesMax: number
  /** With those before `#first`, which are dropped once they are half of all. */
  #commits: KeptCommit[] = []
  #first = 0
  #changeCount = 0
  /** Commits up to this version are not kept. */
  #lostVersion = 0
  #latest = 0
  readonly #waiting = new Set<() => void>()

  /** @param changesMax - How many changes are kept; those of the latest commits. */
  constructor(changesMax: number) {
    this.#changesMax = changesMax
  }

  get isKept(): boolean {
    return this.#changesMax > 0
  }

  add(version: number, writes: readonly Write[]): void {
    if (!this.isKept) return
    this.#latest = version
    this.#commits.push({ version, writes })
    this.#changeCount += writes.length
    this.#dropOldest()
    for (const wake of this.#waiting) wake()
  }

  /** Commits after a version, in order, for ever, or until the signal aborts. */
  async *follow(after: number, signal: AbortSignal | undefined): AsyncGenerator<Commit, void> {
    if (!this.isKept)
      throw new StateError('STATE_CHANGES_LOST', 'a store keeps no changes: open it with changesMax', { after })
    if (!Number.isInteger(after) || after < 0 || after > this.#latest) {
      const message = `after is ${kindOf(after)}, but must be a version of the store: from 0 to ${this.#latest}`
      throw new ConfigError('CONFIG_INVALID_VALUE', message, { name: 'after' })
    }
    for (let version = after + 1; !signal?.aborted; version++) {
      while (version > this.#latest) {
        await this.#next(signal)
        if (signal?.aborted) return
      }
      yield this.#read(version)
    }
  }

  #read(version: number): Commit {
    const first = this.#commits[this.#first]
    if (version <= this.#lostVersion || first === undefined) {
      const message = `the changes of version ${version} are not kept any more: read faster, raise changesMax, or begin with a snapshot`
      throw new StateError('STATE_CHANGES_LOST', message, { version, firstVersion: this.#lostVersion + 1 })
    }
    // Each commit has a version of its own, one more than the one before.
    const { writes } = this.#commits[this.#first + version - first.version]!
    const changes = writes.map(({ rows, key, captured, isDeletion }) => ({
      table: rows.name,
      key: rows.keys.restore(key),
      value: isDeletion ? undefined : rows.values.restore(captured),
    }))
    return { version, changes }
  }

  #dropOldest(): void {
    while (this.#changeCount > this.#changesMax) {
      const { version, writes } = this.#commits[this.#first++]!
      this.#changeCount -= writes.length
      this.#lostVersion = version
    }
    if (this.#first * 2 <= this.#commits.length) return
    this.#commits = this.#commits.slice(this.#first)
    this.#first = 0
  }

  async #next(signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      signal?.addEventListener('abort', wake, { once: true })
    })
  }
}
