import { MessageChannel, Worker } from 'node:worker_threads'
import { moduleUrl } from '../../core/code-root.ts'
import { threadFlags } from '../../core/thread-flags.ts'
import type { MemberSettings, ToMain, ToMember, ToThread } from './thread.ts'

/** What a member tells before it has ended. */
export type MemberMessage = Exclude<ToMain, { kind: 'closed' }>

/** What a membership learns of its member on the thread. */
export interface ThreadListener {
  hear(message: MemberMessage): void
  /** The thread has thrown, with all of its members; `closed` follows. */
  crashed(cause: unknown): void
  /** Its member has ended. Nothing follows. */
  closed(): void
}

/** Tells a member on the thread. */
export interface ThreadPort {
  tell(message: ToMember): void
}

/**
 * The thread that all memberships of this process have in common: a program of several groups loads and compiles its
 * code once. It begins with the first of them and ends with the last.
 */
export class SharedThread {
  static #current: SharedThread | undefined
  readonly #worker: Worker
  readonly #listeners = new Set<ThreadListener>()

  private constructor() {
    const entry = moduleUrl('kafka/membership/worker-entry')
    this.#worker = new Worker(entry, { name: 'millrace-membership', ...threadFlags })
    this.#worker.on('error', (cause) => {
      this.#forget()
      for (const listener of this.#listeners) listener.crashed(cause)
    })
    this.#worker.on('exit', () => {
      this.#forget()
      for (const listener of this.#listeners) listener.closed()
    })
  }

  /** Has a member run on the thread, which begins where there is none. */
  static connect(settings: MemberSettings, listener: ThreadListener): ThreadPort {
    return (SharedThread.#current ??= new SharedThread()).#connect(settings, listener)
  }

  #connect(settings: MemberSettings, listener: ThreadListener): ThreadPort {
    const { port1: own, port2: port } = new MessageChannel()
    this.#listeners.add(listener)
    own.on('message', (message: ToMain) => {
      if (message.kind !== 'closed') return listener.hear(message)
      own.close()
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#end()
      listener.closed()
    })
    this.#worker.postMessage({ kind: 'member', settings, port } satisfies ToThread, [port])
    return { tell: (message) => own.postMessage(message) }
  }

  #end(): void {
    this.#forget()
    this.#worker.postMessage({ kind: 'end' } satisfies ToThread)
  }

  /** The next membership begins another thread. */
  #forget(): void {
    if (SharedThread.#current === this) SharedThread.#current = undefined
  }
}
