import { EventEmitter } from 'node:events'
import type { Logger } from '../logs/logger.ts'
import type { AppEventName, AppEvents } from './app-events.ts'

/** Called with what an event tells; what it returns is not used, but for a promise that rejects. */
export type AppListener<Name extends AppEventName> = (event: AppEvents[Name]) => unknown

type AnyListener = (event: unknown) => unknown

/**
 * Tells listeners what happens, at once and one after the other. One that fails, also later as a promise, is logged: it
 * never harms the program.
 */
export class ProgramEvents {
  readonly #app: string
  readonly #logger: Logger
  readonly #emitter = new EventEmitter()

  constructor(app: string, logger: Logger) {
    this.#app = app
    this.#logger = logger
    // As many as there are is the business of whoever listens.
    this.#emitter.setMaxListeners(0)
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

  /** @param eventOf - Asked only where somebody listens. */
  tell<Name extends AppEventName>(name: Name, eventOf: () => AppEvents[Name]): void {
    // With what removes those that listen once.
    const listeners = this.#emitter.rawListeners(name) as AnyListener[]
    if (listeners.length === 0) return
    const event = eventOf()
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
