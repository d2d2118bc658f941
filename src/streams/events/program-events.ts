import { type Channel, channel } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import type { Logger } from '../logs/logger.ts'
import { type AppEventName, appEvents, type AppEvents } from './app-events.ts'

/** Called with what an event tells; what it returns is not used, but for a promise that rejects. */
export type AppListener<Name extends AppEventName> = (event: AppEvents[Name] & Teller) => unknown

/** Whose event it is. */
export interface Teller {
  /** Name of the subtopology; absent for the first one, which has that of the program. */
  readonly app?: string
}

type AnyListener = (event: unknown) => unknown

/** For those who have no app at hand, such as agents that watch a whole process. */
const channels = new Map<string, Channel>(Object.keys(appEvents).map((name) => [name, channel(`millrace:${name}`)]))

/**
 * Tells listeners what happens, at once and one after the other. One that fails, also later as a promise, is logged: it
 * never harms the program. The same goes out on channels of `node:diagnostics_channel`.
 */
export class ProgramEvents {
  readonly #app: string
  readonly #logger: Logger
  readonly #emitter: EventEmitter
  readonly #teller: Teller

  // With its type written out: that of `new EventEmitter()` compiles with the @types/node of this package only.
  constructor(app: string, logger: Logger, emitter: EventEmitter = new EventEmitter(), teller: Teller = {}) {
    this.#app = app
    this.#logger = logger
    this.#emitter = emitter
    this.#teller = teller
    // As many as there are is the business of whoever listens.
    this.#emitter.setMaxListeners(0)
  }

  /** Those of a subtopology after the first one, for the same listeners. */
  of(app: string): ProgramEvents {
    return new ProgramEvents(app, this.#logger, this.#emitter, { app })
  }

  on<Name extends AppEventName>(name: Name, listener: AppListener<Name>): void {
    this.#emitter.on(name, listener)
  }

  once<Name extends AppEventName>(name: Name, listener: AppListener<Name>): void {
    this.#emitter.once(name, listener)
  }

  off<Name extends AppEventName>(name: Name, listener: AppListener<Name>): void {
    this.#emitter.off(name, listener)
  }

  /** @param eventOf - Asked only where somebody listens or has subscribed. */
  tell<Name extends AppEventName>(name: Name, eventOf: () => AppEvents[Name]): void {
    // With what removes those that listen once.
    const listeners = this.#emitter.rawListeners(name) as AnyListener[]
    const published = channels.get(name)!
    if (listeners.length === 0 && !published.hasSubscribers) return
    const event = { ...eventOf(), ...this.#teller }
    published.publish({ ...event, app: this.#app })
    for (const listener of listeners) void this.#call(name, listener, event)
  }

  async #call(name: string, listener: AnyListener, event: unknown): Promise<void> {
    try {
      await listener(event)
    } catch (err) {
      this.#logger.error({ app: this.#app, event: name, err }, `a listener of "${name}" has failed`)
    }
  }
}
