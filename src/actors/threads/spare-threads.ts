import { assert } from '../../core/assert.ts'
import type { StartedThread, ThreadGone, ThreadStart, Transport } from './transport.ts'

/** A thread that is nobody's yet. */
interface Spare {
  readonly thread: StartedThread
  /** Times that it was told to load something and has not answered yet. */
  preloads: number
  /** Told when it is gone. */
  onGone(gone: ThreadGone): void
}

/**
 * Threads that are started ahead, with the modules of the actors loaded: starting one takes longer than all else at the
 * restart of a thread. They do nothing, and so cost memory only.
 */
export class SpareThreads {
  readonly #transport: Transport
  readonly #heapMb: number | undefined
  readonly #max: number
  readonly #modules = new Set<string>()
  readonly #spares = new Set<Spare>()
  #isClosed = false

  /** @param max - How many there are at most. */
  constructor(transport: Transport, heapMb: number | undefined, max: number) {
    this.#transport = transport
    this.#heapMb = heapMb
    this.#max = max
  }

  /** Those that have loaded all that they were told to. */
  get readyCount(): number {
    return [...this.#spares].filter(({ preloads }) => preloads === 0).length
  }

  /** Actors of this module are placed on threads. */
  know(module: string): void {
    if (this.#modules.has(module)) return
    this.#modules.add(module)
    for (const spare of this.#spares) this.#preload(spare, [module])
  }

  /** Starts those that are missing. To be called when no thread is wanted at once, so that it holds none up. */
  replenish(): void {
    if (this.#isClosed) return
    while (this.#spares.size < this.#max) {
      const thread = this.#start({ name: 'spare', onGone: (gone) => spare.onGone(gone) })
      // One that ends by itself is missing until the next thread has been taken.
      const spare: Spare = { thread, preloads: 0, onGone: () => void this.#spares.delete(spare) }
      this.#spares.add(spare)
      this.#preload(spare, [...this.#modules])
    }
  }

  /** The spare that has been there longest, or else a new thread. */
  take({ name, onGone }: Pick<ThreadStart, 'name' | 'onGone'>): StartedThread {
    assert(!this.#isClosed, 'no thread is wanted after the end')
    const [spare] = this.#spares
    if (spare === undefined) return this.#start({ name, onGone })
    this.#spares.delete(spare)
    spare.onGone = onGone
    return spare.thread
  }

  async stop(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#spares].map(({ thread }) => thread.terminate()))
    this.#spares.clear()
  }

  #start(options: Pick<ThreadStart, 'name' | 'onGone'>): StartedThread {
    return this.#transport.start({ ...options, heapMb: this.#heapMb })
  }

  #preload(spare: Spare, modules: readonly string[]): void {
    spare.preloads++
    spare.thread.listen(() => void spare.preloads--)
    spare.thread.send([{ type: 'preload', modules }], [])
  }
}
