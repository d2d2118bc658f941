import { fromModule, supervisor, type SystemOptions } from '../../actors/index.ts'
import { moduleUrl } from '../../core/code-root.ts'
import type { RowFunction } from '../functions/row-function.ts'
import type { RestoringSession } from '../recovery/session.ts'
import type { RowBatch } from '../runtime/row-batch.ts'
import type { Services } from '../runtime/services.ts'
import { Crew, type Finder, workersId } from './crew.ts'
import type { functionWorker } from './function-worker.ts'
import { PlacedFunction } from './placed-function.ts'

/**
 * Ends of workers that are mended by a new thread, before all operators restart. A record that ends its thread does so in
 * each of its attempts, and several records of a batch may.
 */
const restarts = { maxRestarts: 100, withinMs: 10_000 } as const
/** Nothing is lost with what a worker is at when all stop. */
const shutdownMs = 100

/** Which functions of a program are called on worker threads, and what calls them there. */
export class Placement {
  readonly #services: Services
  readonly #session: RestoringSession
  /** Absent where all are called on the main thread. */
  readonly #crew: Crew | undefined
  readonly #placed = new Map<string, PlacedFunction>()

  /** @param parent - Path of the supervisor that `children` are under. */
  constructor(services: Services, session: RestoringSession, parent: string) {
    this.#services = services
    this.#session = session
    this.#crew = Crew.of(services, parent)
  }

  /** @returns undefined where the function of the operator is called on the main thread. */
  place<Rows extends RowFunction>(
    operator: string,
    rowsOf: (batch: RowBatch) => Rows,
  ): PlacedFunction<Rows> | undefined {
    const crew = this.#crew
    const index = crew?.functions.findIndex((each) => each.operator === operator) ?? -1
    if (crew === undefined || index === -1) return undefined
    const placed = new PlacedFunction(this.#services, this.#session, { crew, index, rowsOf })
    this.#placed.set(operator, placed)
    return placed
  }

  /** A batch is about to be sent to an operator: its rows are asked already while it is on its way. */
  announce(operator: string, batch: RowBatch, finder: Finder): void {
    this.#placed.get(operator)?.begin(batch, finder)
  }

  /** The supervisor of the workers, as children of the tree. */
  children() {
    if (this.#crew === undefined) return []
    const { functions, workers } = this.#crew
    const module = moduleUrl('streams/workers/function-worker')
    const children = workers.map(({ id, progress }) => ({
      id,
      start: fromModule<typeof functionWorker>(module, 'functionWorker', { functions, progress: progress.buffer }),
      thread: id,
      shutdownMs,
    }))
    return [{ start: supervisor({ name: workersId, ...restarts, children }) }]
  }

  /** What a system with these children is started with. */
  threads(): { readonly threads?: readonly string[] } & Pick<SystemOptions, 'threadLimits'> {
    if (this.#crew === undefined) return {}
    const threads = this.#crew.workers.map(({ id }) => id)
    return { threads, threadLimits: { blockedMs: this.#services.options.maxStallMs } }
  }
}
