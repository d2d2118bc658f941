import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Worker } from 'node:worker_threads'
import { nextInt, type Random } from '../src/core/random.ts'

/** The threads of actors that are started in this process while this is open, which a test ends as a crash does. */
export class MortalThreads implements Disposable {
  readonly #alive = new Set<Worker>()
  readonly #random: Random
  readonly #note = (message: unknown) => {
    const { worker } = message as { readonly worker: Worker }
    if (worker.threadName === 'millrace-membership') return
    this.#alive.add(worker)
    worker.once('exit', () => this.#alive.delete(worker))
  }

  constructor(random: Random) {
    this.#random = random
    subscribe('worker_threads', this.#note)
  }

  /** Ends one of them, at whatever it is. It may be a spare one, which nobody misses. */
  async endOne(): Promise<void> {
    const alive = [...this.#alive]
    const worker = alive[nextInt(this.#random, alive.length)]
    await worker?.terminate()
  }

  /** Ends all of them. */
  async endAll(): Promise<void> {
    await Promise.all([...this.#alive].map((worker) => worker.terminate()))
  }

  [Symbol.dispose](): void {
    unsubscribe('worker_threads', this.#note)
  }
}
