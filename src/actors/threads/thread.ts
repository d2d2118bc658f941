import { ActorError } from '../../core/errors.ts'
import type { Exit } from '../supervision/exit-reason.ts'
import type { Runtime } from '../system/runtime.ts'
import { type PlacedActor, ThreadLife, type ThreadLimits } from './thread-life.ts'
import type { SpareThreads } from './spare-threads.ts'
import type { ThreadGone, Transport } from './transport.ts'

/** An actor that lives on a thread, and outlives it. */
export interface Inhabitant extends PlacedActor {
  readonly path: string
  /**
   * The thread is gone.
   *
   * @returns the exit that its supervisor is to be told of once all have heard of it, if there is one.
   */
  onThreadGone(life: ThreadLife, error: ActorError): Exit | undefined
}

/** A thread by its name. It is started for the first of its actors, and anew when it has ended and one is to start. */
export class Thread {
  readonly name: string
  readonly #systemName: string
  readonly #limits: ThreadLimits
  readonly #transport: Transport
  readonly #spares: SpareThreads
  readonly #runtime: Runtime
  readonly #actors = new Map<number, Inhabitant>()
  readonly #paths = new Set<string>()
  #nextId = 0
  #life: ThreadLife | undefined
  #isClosed = false

  constructor(
    name: string,
    systemName: string,
    limits: ThreadLimits,
    transport: Transport,
    spares: SpareThreads,
    runtime: Runtime,
  ) {
    this.name = name
    this.#systemName = systemName
    this.#limits = limits
    this.#transport = transport
    this.#spares = spares
    this.#runtime = runtime
  }

  get isRunning(): boolean {
    return this.#life !== undefined
  }

  get actorCount(): number {
    return this.#actors.size
  }

  /** @returns the number by which the thread knows the actor. */
  enter(actor: Inhabitant): number {
    const id = this.#nextId++
    this.#actors.set(id, actor)
    this.#paths.add(actor.path)
    return id
  }

  leave(id: number): void {
    const actor = this.#actors.get(id)
    this.#actors.delete(id)
    if (actor !== undefined) this.#paths.delete(actor.path)
  }

  /** The life at this moment; it begins if there is none. */
  life(): ThreadLife {
    this.#life ??= new ThreadLife({
      systemName: this.#systemName,
      limits: this.#limits,
      transport: this.#transport,
      start: (onGone) => this.#spares.take({ name: this.name, onGone }),
      onUp: () => this.#spares.replenish(),
      runtime: this.#runtime,
      paths: this.#runtime.actors.paths.filter((path) => !this.#paths.has(path)),
      actors: this.#actors,
      onGone: (kind, cause) => this.#onGone(kind, cause),
    })
    return this.#life
  }

  flush(): void {
    this.#life?.flush()
  }

  /** Tells the thread of an actor elsewhere. */
  tellAddress(type: 'enter' | 'leave', path: string): void {
    if (!this.#paths.has(path)) this.#life?.tellAddress(type, path)
  }

  async stop(): Promise<void> {
    this.#isClosed = true
    const life = this.#life
    this.#life = undefined
    await life?.terminate()
  }

  #onGone(kind: ThreadGone['kind'] | 'blocked', cause: unknown): void {
    const life = this.#life
    this.#life = undefined
    if (life === undefined || this.#isClosed) return
    const error = threadDown(this.name, kind, cause)
    // All are told first, so that no supervisor stops or starts one that does not know yet.
    const exits = [...this.#actors.values()].map((actor) => ({ actor, exit: actor.onThreadGone(life, error) }))
    for (const { actor, exit } of exits) if (exit !== undefined) actor.onExit(exit)
  }
}

const howItEnded = {
  exited: 'exited',
  threw: 'threw outside of a handler',
  outOfMemory: 'ran out of memory',
  blocked: 'was blocked',
}

function threadDown(thread: string, kind: keyof typeof howItEnded, cause: unknown): ActorError {
  const message = `thread '${thread}' ${howItEnded[kind]}; the cause, if any, tells why`
  return new ActorError('ACTOR_THREAD_DOWN', message, { thread, kind }, cause)
}
