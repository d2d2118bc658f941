import type { Wait, Waits } from '../cluster/broker-waits.ts'
import { failureOf, type ToMain } from './thread.ts'

/** The waits of a membership, which are told where all of the process are. */
export class MainWaits implements Waits {
  readonly #tell: (message: ToMain) => void
  #count = 0
  /** Waits that are not over, and in which an attempt has failed: what is merely being connected is none. */
  readonly #failing = new Set<number>()

  constructor(tell: (message: ToMain) => void) {
    this.#tell = tell
  }

  /** Whether anything is waited for in vain so far. */
  get areFailing(): boolean {
    return this.#failing.size > 0
  }

  begin(what: string): Wait {
    const id = ++this.#count
    const tell = this.#tell
    const failing = this.#failing
    tell({ kind: 'waiting', id, what })
    let isOver = false
    return {
      failed(error) {
        failing.add(id)
        tell({ kind: 'waiting', id, what, failure: failureOf(error) })
      },
      end() {
        if (isOver) return
        isOver = true
        failing.delete(id)
        tell({ kind: 'waitOver', id })
      },
    }
  }
}
