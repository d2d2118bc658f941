import type { Child, OnExit } from '../supervision/child.ts'
import type { Placement, Runtime } from '../system/runtime.ts'
import type { ModuleActor } from './module-actor.ts'
import { PlacedCell } from './placed-cell.ts'
import { Thread } from './thread.ts'
import { SpareThreads } from './spare-threads.ts'
import type { ThreadLimits } from './thread-life.ts'
import type { Transport } from './transport.ts'

/** What the threads of a system are made of. */
interface ThreadsOptions {
  readonly systemName: string
  readonly names: readonly string[]
  readonly limits: ThreadLimits
  readonly transport: Transport
  /** Asked when the first actor is placed. */
  runtime(): Runtime
}

/** How many threads a system has beside the main one. */
export interface ThreadCounts {
  /** Those that have actors. */
  readonly running: number
  /** Those that are ready to take the place of one that ends. */
  readonly spare: number
}

/** The threads of a system, and what places actors on them. */
export class Threads implements Placement {
  readonly names: readonly string[]
  readonly #options: ThreadsOptions
  readonly #spares: SpareThreads
  #threads: readonly Thread[] | undefined

  constructor(options: ThreadsOptions) {
    this.names = options.names
    this.#options = options
    const { transport, limits } = options
    this.#spares = new SpareThreads(transport, limits.heapMb, limits.spareCount ?? 1)
  }

  place(actor: ModuleActor, path: string, name: string, shutdownMs: number, onExit: OnExit): Child {
    const runtime = this.#options.runtime()
    const { systemName, limits, transport } = this.#options
    this.#threads ??= this.names.map((each) => new Thread(each, systemName, limits, transport, this.#spares, runtime))
    this.#spares.know(actor.module)
    const thread =
      name === 'spread'
        ? this.#threads.reduce((best, each) => (each.actorCount < best.actorCount ? each : best))
        : this.#threads.find((each) => each.name === name)!
    return new PlacedCell(actor, path, shutdownMs, thread, runtime, onExit)
  }

  /** Tells all threads of an actor that comes or goes. */
  readonly tellAddress = (type: 'enter' | 'leave', path: string): void => {
    for (const thread of this.#threads ?? []) thread.tellAddress(type, path)
  }

  /** Sends all threads what there is for them. */
  readonly flush = (): void => {
    for (const thread of this.#threads ?? []) thread.flush()
  }

  /** Ends all threads. */
  async stop(): Promise<void> {
    await Promise.all([...(this.#threads ?? []).map((thread) => thread.stop()), this.#spares.stop()])
  }

  /** How many threads there are at this moment. */
  count(): ThreadCounts {
    const running = (this.#threads ?? []).filter(({ isRunning }) => isRunning).length
    return { running, spare: this.#spares.readyCount }
  }
}
