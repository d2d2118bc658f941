import { type ChildProcess, fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { MembershipOptions } from '../../src/kafka/index.ts'
import { closeAtEnd } from '../at-end.ts'

export type MemberEvent =
  | { readonly kind: 'owns' | 'standsBy' | 'stalls' }
  | { readonly kind: 'lost'; readonly code: string; readonly message: string }

export interface MemberCommand {
  /** For how long the main thread is to do nothing but this. */
  readonly stallMs: number
}

/** Arguments of `unshare` for a process with a namespace of process ids. */
const newNamespace = ['--user', '--map-root-user', '--pid', '--fork', '--kill-child', '--mount-proc']

/** What `skip` says where the system makes no such namespace. */
export const skipWithoutNamespaces: string | false =
  spawnSync('unshare', [...newNamespace, 'true']).status === 0 ? false : 'the system makes no namespace of process ids'

/** A member in a process of its own. */
export class ChildMember implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #exited: Promise<void>
  readonly #events: MemberEvent[] = []
  #hasExited = false
  #changed = Promise.withResolvers<void>()

  /** @param isContained - Whether it counts process ids apart from all others, as in a container of its own. */
  constructor(options: Omit<MembershipOptions, 'onLost'>, isContained = false) {
    const contained = { execPath: 'unshare', execArgv: [...newNamespace, process.execPath] }
    const entry = join(import.meta.dirname, 'member-process.ts')
    this.#process = fork(entry, [JSON.stringify(options)], isContained ? contained : {})
    const hasEnded = closeAtEnd(() => this.#process.kill('SIGKILL'))
    this.#process.on('message', (event: MemberEvent) => {
      this.#events.push(event)
      this.#change()
    })
    this.#exited = once(this.#process, 'exit').then(() => {
      hasEnded()
      this.#hasExited = true
      this.#change()
    })
  }

  /** Resolves with the next event, which must be of this kind. */
  async next<Kind extends MemberEvent['kind']>(kind: Kind): Promise<MemberEvent & { kind: Kind }> {
    while (this.#events.length === 0) {
      if (this.#hasExited) throw new Error(`it ended where ${kind} was to come`)
      await this.#changed.promise
    }
    const event = this.#events.shift()!
    if (event.kind !== kind) throw new Error(`${JSON.stringify(event)} came instead of ${kind}`)
    return event as MemberEvent & { kind: Kind }
  }

  stall(stallMs: number): void {
    this.#process.send({ stallMs } satisfies MemberCommand)
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name)
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#exited
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill()
  }

  #change(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}
