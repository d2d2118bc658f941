import type { MessagePort } from 'node:worker_threads'
import { StateError } from '../../core/errors.ts'
import { threadsMax } from '../../kernel/index.ts'
import type { Commits } from '../commits.ts'
import { changedSince, TransactionConflict } from '../conflict.ts'
import type { TableRows } from '../table-rows.ts'
import { WriteSet } from '../write-set.ts'
import type { CommitAnswer, CommitRequest, OfferedTable, Opened, TableUse, ToThread } from './messages.ts'
import { sentError } from './sent-error.ts'
import type { ThreadPins } from './thread-pins.ts'

type Rows = TableRows<unknown, unknown>

/** Serves the threads that have opened a store: commits what they ask for, and lets go what those read that end. */
export class Committer {
  readonly #commits: Commits
  readonly #threadPins: ThreadPins
  readonly #operationsMax: number
  readonly #tables: Rows[] = []

  constructor(commits: Commits, threadPins: ThreadPins, operationsMax: number) {
    this.#commits = commits
    this.#threadPins = threadPins
    this.#operationsMax = operationsMax
  }

  /** Offers a table to those who open the store from now on. */
  add(rows: Rows): void {
    this.#tables.push(rows)
  }

  /** Takes a thread in, at the other end of a port, until it closes that or ends. */
  connect(port: MessagePort): void {
    const send = (message: ToThread) => port.postMessage(message)
    const thread = this.#threadPins.attach()
    if (thread === undefined) {
      const message = `a store serves ${threadsMax - 1} other threads: close it in those that have done with it`
      send({ refused: sentError(new StateError('STATE_READERS_EXCEEDED', message, { threadsMax: threadsMax - 1 })) })
      return port.close()
    }
    port.on('message', (request: CommitRequest) => send(this.#answer(request)))
    port.on('close', () => this.#threadPins.detach(thread))
    // A thread that only waits for others to commit has nothing to live for.
    port.unref()
    send({ opened: this.#opened(thread) })
  }

  #opened(thread: number): Opened {
    const tables = this.#tables.map(({ name, shared, keys, values }): OfferedTable => ({
      name,
      rows: shared!,
      keys: keys.name,
      values: values.name,
    }))
    return { thread, words: this.#threadPins.words.buffer, operationsMax: this.#operationsMax, tables }
  }

  #answer({ id, start, uses }: CommitRequest): CommitAnswer {
    try {
      this.#commit(start, uses)
      return { id }
    } catch (error) {
      return error instanceof TransactionConflict ? { id, conflict: error.over } : { id, error: sentError(error) }
    }
  }

  #commit(start: number, uses: readonly TableUse[]): void {
    const writes = new WriteSet()
    for (const use of uses) {
      const rows = this.#tables[use.table]!
      for (const key of use.reads) if (rows.lastChange(key) > start) throw changedSince({ table: rows.name, key })
      for (const { key, captured, isDeletion } of use.writes) {
        if (!isDeletion) rows.checkZones(captured)
        writes.add({ rows, key, captured, isDeletion })
      }
    }
    this.#commits.install(writes, undefined)
  }
}
