import type { Wait, Waits } from '../cluster/broker-waits.ts'
import { errorOf, type ToMain } from './thread.ts'

/** The waits of the membership's thread, told where all waits of the process are. */
export class ThreadWaits {
  readonly #waits: Waits
  /** By the numbers that the thread has given them. */
  readonly #open = new Map<number, Wait>()

  constructor(waits: Waits) {
    this.#waits = waits
  }

  /** A wait has begun, or its work has failed once more. */
  note({ id, what, failure }: Extract<ToMain, { kind: 'waiting' }>): void {
    const wait = this.#open.get(id) ?? this.#waits.begin(what)
    this.#open.set(id, wait)
    if (failure !== undefined) wait.failed(errorOf(failure))
  }

  end(id: number): void {
    this.#open.get(id)?.end()
    this.#open.delete(id)
  }

  endAll(): void {
    for (const id of this.#open.keys()) this.end(id)
  }
}
