import type { Clock } from '../../core/clock.ts'
import type { ActorContext, ActorDefinition } from './actor.ts'
import type { ActorMessage, ActorRef, DownNotice, Monitor } from './ref.ts'
import type { SupervisorRef } from '../supervision/supervisor-ref.ts'
import type { Runtime } from '../system/runtime.ts'

/** One life of an actor, from `init` to the end of `onStop`. */
export class Incarnation {
  readonly number: number
  readonly context: LiveContext
  phase: 'starting' | 'running' | 'ending' | 'over' = 'starting'
  state: unknown
  /** Whether `init` succeeded, so that `onStop` is due. */
  hasState = false
  /** Whether the actor asked to stop. */
  isLeaving = false
  /** The asynchronous `init` or handler at work; it never rejects. */
  atWork: Promise<void> | undefined
  /** Resolves when this incarnation is down, once its end has begun. */
  down: Promise<void> | undefined
  /** Tells whoever waits for its start that it is over. */
  onOver: (() => void) | undefined

  constructor(number: number, self: ActorRef<ActorMessage>, runtime: Runtime, onLeave: () => void) {
    this.number = number
    this.context = new LiveContext(number, self, runtime, () => {
      this.isLeaving = true
      onLeave()
    })
  }
}

class LiveContext implements ActorContext<ActorMessage> {
  readonly self: ActorRef<ActorMessage>
  readonly incarnation: number
  readonly clock: Clock
  readonly stop: () => void
  readonly #runtime: Runtime
  readonly #monitors = new Set<Monitor>()
  #abort: AbortController | undefined
  #isClosed = false

  constructor(incarnation: number, self: ActorRef<ActorMessage>, runtime: Runtime, stop: () => void) {
    this.incarnation = incarnation
    this.self = self
    this.clock = runtime.clock
    this.stop = stop
    this.#runtime = runtime
  }

  get path(): string {
    return this.self.path
  }

  // Made when first asked for: most actors never do, and restarts are to be cheap.
  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#isClosed) this.#abort.abort()
    return this.#abort.signal
  }

  ref<Other extends ActorMessage>(actor: ActorDefinition<Other> | string): ActorRef<Other> {
    return this.#runtime.actors.find(actor) as unknown as ActorRef<Other>
  }

  supervisor(address: string): SupervisorRef {
    return this.#runtime.supervisors.find(address)
  }

  monitor(ref: ActorRef<never>, toMessage: (notice: DownNotice) => ActorMessage): Monitor {
    const watch = ref.monitor((notice) => void this.self.tell(toMessage(notice)))
    const monitor = {
      cancel: () => {
        watch.cancel()
        this.#monitors.delete(monitor)
      },
    }
    this.#monitors.add(monitor)
    return monitor
  }

  /** Aborts the signal and cancels the monitors. */
  close(): void {
    this.#isClosed = true
    this.#abort?.abort()
    for (const monitor of this.#monitors) monitor.cancel()
  }
}
