import { assert } from '../../core/assert.ts'
import { type Clock, systemClock } from '../../core/clock.ts'
import { type Random, systemRandom } from '../../core/random.ts'
import type { ActorDefinition } from '../actor/actor.ts'
import { AskDeadlines } from '../actor/ask-deadlines.ts'
import type { GroupRef } from '../routing/group-ref.ts'
import { AddressBook } from './address-book.ts'
import { type DeadLetterCounts, DeadLetters } from '../mailbox/dead-letters.ts'
import { notify, type SystemEvent } from './events.ts'
import type { ExitReason } from '../supervision/exit-reason.ts'
import type { ActorMessage, ActorRef } from '../actor/ref.ts'
import type { Runtime } from './runtime.ts'
import { Scheduler } from './scheduler.ts'
import { type ChildCounts, type ChildSnapshot, countAll, type SupervisorSnapshot } from './snapshot.ts'
import { SupervisorNode } from '../supervision/supervisor-node.ts'
import type { SupervisorSpec } from '../supervision/supervisor.ts'
import type { SupervisorRef } from '../supervision/supervisor-ref.ts'
import { Traffic } from '../mailbox/traffic.ts'
import { validateSpec } from '../supervision/validate-spec.ts'
import { within } from '../../core/within.ts'
import { ActorError } from '../../core/errors.ts'
import type { ModuleActor } from '../threads/module-actor.ts'
import type { ThreadLimits } from '../threads/thread-life.ts'
import { type ThreadCounts, Threads } from '../threads/threads.ts'
import type { Transport } from '../threads/transport.ts'
import { workerTransport } from '../threads/worker-transport.ts'

/** What a system is made of. */
export interface SystemOptions {
  /** Tells systems apart in errors; it need not be unique. */
  readonly name: string
  readonly root: SupervisorSpec
  /**
   * Threads beside the main one, for actors to be placed on: their names, or how many, whose names are then `1`, `2` and
   * so on. Each is started with the first of its actors. @defaultValue 0
   */
  readonly threads?: number | readonly string[]
  /** How much a thread may use, and how long it may stand still. */
  readonly threadLimits?: ThreadLimits
  /** @defaultValue the machine's clock */
  readonly clock?: Clock
  /** Decides the jitter of backoffs. @defaultValue numbers that nobody can predict */
  readonly random?: Random
  /** Is told what happens, while it happens: it should be quick. */
  readonly onEvent?: (event: SystemEvent) => void
  /** Stops all actors when it aborts, also while they start: then the start fails with its reason. */
  readonly signal?: AbortSignal
}

/** How much time a stop may take. */
export interface StopOptions {
  /** Milliseconds for the actors to handle what is queued, before they are stopped. @defaultValue 30_000 */
  readonly drainMs?: number
}

/** A running tree of supervised actors, isolated from all others. */
export interface ActorSystem extends AsyncDisposable {
  readonly name: string
  /** Resolves, and never rejects, when everything is down: `shutdown` after `stop`, `crashed` when the root failed. */
  readonly done: Promise<ExitReason>
  /**
   * The reference to an actor, by its definition, whose messages it takes; or by its path or its id, where it is the
   * caller's word that it takes messages of the given type. A definition or id must be that of one actor only.
   *
   * @throws ActorError `ACTOR_NOT_FOUND`
   */
  ref<Message extends ActorMessage>(actor: ActorDefinition<Message> | ModuleActor<Message> | string): ActorRef<Message>
  /**
   * The reference to a supervisor, by its path or, where no other supervisor has it, by its id. The path of the root is
   * its name.
   *
   * @throws ActorError `ACTOR_NOT_FOUND`
   */
  supervisor(address: string): SupervisorRef
  /**
   * The reference to a group, by the path of its supervisor or, where no other group has it, by its name. That its
   * members take messages of the given type is the caller's word.
   *
   * @throws ActorError `ACTOR_NOT_FOUND`
   */
  group<Message extends ActorMessage>(address: string): GroupRef<Message>
  /**
   * Handles what is queued, for up to `drainMs`, and then stops all actors in reverse order of their start. What is
   * still queued after that becomes dead letters. A later call may cut the time short. No actor may await it, because
   * it would wait for that actor.
   */
  stop(options?: StopOptions): Promise<ExitReason>
  /** The root supervisor's children, and theirs, at this moment. */
  whichChildren(): readonly ChildSnapshot[]
  countChildren(): ChildCounts
  countThreads(): ThreadCounts
  /** The whole tree at this moment: the root supervisor and all below it. */
  snapshot(): SupervisorSnapshot
  deadLetters(): DeadLetterCounts
}

/**
 * Starts a supervision tree: children in order, each once the one before is up.
 *
 * @throws ActorError `ACTOR_SPEC_INVALID` before anything starts; `ACTOR_START_FAILED`, with the cause, after what had
 * started is stopped again.
 *
 * @example
 * const root = supervisor({ name: 'root', children: [{ start: counter }] })
 * await using system = await startSystem({ name: 'shop', root })
 * await system.ref(counter).tell({ type: 'add', amount: 3 })
 */
export function startSystem(options: SystemOptions): Promise<ActorSystem> {
  return startSystemOn(workerTransport, options)
}

/** Starts a system as `startSystem` does, on threads of another kind. */
export async function startSystemOn(transport: Transport, options: SystemOptions): Promise<ActorSystem> {
  const threads = threadNames(options)
  checkLimits(options)
  validateSpec(options.root, options.root.name, { threads, inherited: undefined })
  options.signal?.throwIfAborted()
  const system = new SupervisedSystem(options, threads, transport)
  await system.start()
  return system
}

class SupervisedSystem implements ActorSystem {
  readonly name: string
  readonly done: Promise<ExitReason>
  readonly #finish: (reason: ExitReason) => void
  readonly #runtime: Runtime
  readonly #deadLetters = new DeadLetters()
  readonly #threads: Threads
  readonly #root: SupervisorNode
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = () => void this.stop({ drainMs: 0 })

  constructor(options: SystemOptions, names: readonly string[], transport: Transport) {
    const {
      name,
      root,
      clock = systemClock,
      random = systemRandom,
      onEvent,
      signal,
      threadLimits: limits = {},
    } = options
    this.name = name
    this.#signal = signal
    const { promise, resolve } = Promise.withResolvers<ExitReason>()
    this.done = promise
    this.#finish = resolve
    this.#threads = new Threads({ systemName: name, names, limits, transport, runtime: () => this.#runtime })
    this.#runtime = {
      clock,
      deadlines: new AskDeadlines(clock),
      random,
      scheduler: new Scheduler(clock, names.length > 0 ? this.#threads.flush : undefined),
      deadLetters: this.#deadLetters,
      threads: this.#threads,
      traffic: new Traffic(),
      actors: new AddressBook(name, 'actor', names.length > 0 ? this.#threads.tellAddress : undefined),
      supervisors: new AddressBook(name, 'supervisor'),
      groups: new AddressBook(name, 'group'),
      emit: (event) => onEvent && notify(onEvent, event),
    }
    this.#root = new SupervisorNode(root.name, root, this.#runtime, ({ reason }) => this.#end(reason))
    this.#signal?.addEventListener('abort', this.#onAbort)
  }

  async start(): Promise<void> {
    if (await this.#root.start()) return
    const reason = await this.done
    this.#signal?.throwIfAborted()
    assert(reason.kind === 'crashed', 'a system that is not up has failed')
    throw reason.error
  }

  ref<Message extends ActorMessage>(
    actor: ActorDefinition<Message> | ModuleActor<Message> | string,
  ): ActorRef<Message> {
    return this.#runtime.actors.find(actor) as unknown as ActorRef<Message>
  }

  group<Message extends ActorMessage>(address: string): GroupRef<Message> {
    return this.#runtime.groups.find(address) as unknown as GroupRef<Message>
  }

  supervisor(address: string): SupervisorRef {
    return this.#runtime.supervisors.find(address)
  }

  async stop({ drainMs = 30_000 }: StopOptions = {}): Promise<ExitReason> {
    await within(this.#runtime.clock, drainMs, this.#runtime.traffic.whenEmpty(), undefined)
    await this.#root.stop()
    this.#end({ kind: 'shutdown' })
    return this.done
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  whichChildren(): readonly ChildSnapshot[] {
    return this.#root.inspect().children
  }

  countChildren(): ChildCounts {
    return countAll(this.whichChildren())
  }

  countThreads(): ThreadCounts {
    return this.#threads.count()
  }

  snapshot(): SupervisorSnapshot {
    return this.#root.inspect()
  }

  deadLetters(): DeadLetterCounts {
    return this.#deadLetters.snapshot()
  }

  #end(reason: ExitReason): void {
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#root.end()
    // Nothing of it is left when it is told that all is down.
    if (this.#threads.names.length === 0) this.#finish(reason)
    else void this.#threads.stop().then(() => this.#finish(reason))
  }
}

function threadNames({ name, threads = 0 }: SystemOptions): readonly string[] {
  const names = typeof threads === 'number' ? Array.from({ length: threads }, (_, index) => `${index + 1}`) : threads
  const isValid = typeof threads !== 'number' || (Number.isInteger(threads) && threads >= 0)
  const areNames = names.every((each) => typeof each === 'string' && each !== '' && each !== 'spread')
  if (isValid && areNames && new Set(names).size === names.length) return names
  const fault = "threads must be a whole number of at least 0, or names, each once and none of them 'spread'"
  throw new ActorError('ACTOR_SPEC_INVALID', `${name}: ${fault}`, { path: name, fault })
}

function checkLimits({ name, threadLimits: { spareCount = 1 } = {} }: SystemOptions): void {
  if (Number.isInteger(spareCount) && spareCount >= 0 && spareCount <= 64) return
  const fault = 'threadLimits.spareCount must be a whole number from 0 to 64'
  throw new ActorError('ACTOR_SPEC_INVALID', `${name}: ${fault}`, { path: name, fault })
}
