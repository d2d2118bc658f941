import { ActorError } from '../../core/errors.ts'
import { ActorCell } from '../actor/actor-cell.ts'
import type { ActorDefinition } from '../actor/actor.ts'
import { changeFailed } from '../actor/code-changes.ts'
import type { DownNotice, Monitor } from '../actor/monitor.ts'
import type { Origin } from '../mailbox/origin.ts'
import type { OnExit } from '../supervision/child.ts'
import { checkAt, validateActor } from '../supervision/validate-spec.ts'
import type { Runtime } from '../system/runtime.ts'
import type { Code, PlaceOrder } from './frames.ts'
import type { SharedCounts } from './shared-counts.ts'

type OnDone = (id: number, taken: number, count: number) => void

/** Loads what a module exports. */
export type Load = (module: string, exportName: string) => unknown

/** An actor that the main thread has placed on this one. */
export class HostedActor implements Origin {
  readonly isKept = true
  readonly id: number
  readonly path: string
  readonly #counts: SharedCounts
  /** Called when `count` messages of another thread are done with, with how many have been. */
  readonly #onDone: OnDone
  /** Messages of other threads that came in. */
  #received = 0
  #watch: Monitor | undefined
  cell: ActorCell | undefined

  constructor(id: number, path: string, counts: SharedCounts, onDone: OnDone) {
    this.id = id
    this.path = path
    this.#counts = counts
    this.#onDone = onDone
  }

  /** @throws whatever is wrong with the module. */
  async load(
    { path, shutdownMs, past, ...code }: PlaceOrder,
    args: unknown,
    load: Load,
    runtime: Runtime,
    onExit: OnExit,
  ): Promise<ActorDefinition> {
    const definition = await definitionOf(path, code, args, load)
    this.cell = new ActorCell(path, definition, shutdownMs, runtime, onExit, past)
    return definition
  }

  /** @throws ActorError `ACTOR_CHANGE_FAILED` */
  async change(code: Code, args: unknown, load: Load): Promise<ActorDefinition> {
    const definition = await definitionOf(this.path, code, args, load).catch((error: unknown) => {
      throw changeFailed(this.path, error)
    })
    await this.cell!.change(definition)
    return definition
  }

  /** Has `listener` told whenever an incarnation goes down, in place of the listener before. */
  watch(listener: (id: number, notice: DownNotice) => void): void {
    this.#watch?.cancel()
    this.#watch = this.cell?.watch((notice) => listener(this.id, notice))
  }

  onReceived(): void {
    this.#received++
  }

  onOpened(count: number, isBatch: boolean): void {
    this.#counts.open(this.id, count, isBatch)
  }

  onTaken(count: number): void {
    this.#onDone(this.id, this.#counts.take(this.id, count), count)
  }

  /**
   * What was sent to it is given up with its mailbox.
   *
   * @returns how many messages.
   */
  onEnded(): number {
    const taken = this.#counts.taken(this.id)
    const count = this.#received - taken
    this.#received = taken
    return count
  }

  /** Writes down what snapshots show. */
  describe(): void {
    if (this.cell === undefined) return
    const { handledCount, mailboxCount, mailboxBytes, waitingCount } = this.cell.inspect()
    const ownCount = mailboxCount + waitingCount - (this.#received - this.#counts.taken(this.id))
    this.#counts.describe(this.id, handledCount, ownCount, mailboxBytes)
  }
}

async function definitionOf(
  path: string,
  { module, exportName }: Omit<Code, 'args'>,
  args: unknown,
  load: Load,
): Promise<ActorDefinition> {
  const exported = await load(module, exportName)
  if (exported === undefined) {
    const fault = `${module} exports no '${exportName}'`
    throw new ActorError('ACTOR_SPEC_INVALID', `${path}: ${fault}`, { path, fault })
  }
  const definition = (typeof exported === 'function' ? exported(args) : exported) as ActorDefinition
  const isActor = typeof definition === 'object' && definition?.kind === 'actor'
  checkAt(path)(isActor, `'${exportName}' of ${module} must be made by defineActor(), or make such`)
  validateActor(definition, path)
  return definition
}
