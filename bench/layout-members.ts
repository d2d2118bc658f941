import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { sleep, systemClock } from '../src/core/clock.ts'
import type { MemberState } from './layout-member.ts'

const askEveryMs = 100
/** In which members recover the tasks that they have got. */
const settlingMs = 1_000

const ownTopics: Readonly<Record<string, readonly string[]>> = {
  single: ['dead-letter', 'checkpoint'],
  keyed: ['dead-letter', 'tasks'],
  routed: ['dead-letter', 'tasks', 'routed', 'by-customer.dead-letter', 'by-customer.tasks'],
}

/** The topics that the experiment has beside its source and its sink. */
export function ownTopicsOf(layout: string, app: string): string[] {
  return ownTopics[layout]!.map((name) => `${app}.${name}`)
}

/** Processes of `layout-member.ts` that share the tasks of one program. */
export class LayoutMembers {
  readonly #children: readonly ChildProcess[]
  readonly #states: MemberState[]
  #told = Promise.withResolvers<void>()

  constructor(count: number, env: Readonly<Record<string, string>>) {
    const file = join(import.meta.dirname, 'layout-member.ts')
    this.#children = Array.from({ length: count }, () => fork(file, { env: { ...process.env, ...env } }))
    this.#states = this.#children.map(() => ({ role: 'standby', records: 0, mergedRecords: 0, cpuSeconds: 0 }))
    for (const [at, child] of this.#children.entries()) {
      child.on('message', (state: MemberState) => {
        this.#states[at] = state
        this.#told.resolve()
        this.#told = Promise.withResolvers()
      })
    }
  }

  /** Resolves when each is active with so many tasks, or without any. */
  async areAtWork(tasks: number | undefined): Promise<void> {
    while (!this.#states.every((state) => state.role === 'active' && state.tasks === tasks)) {
      await sleep(systemClock, askEveryMs)
      await this.#ask()
    }
    await sleep(systemClock, settlingMs)
  }

  /** Resolves when they have consumed so many records together. */
  async haveConsumed(count: number): Promise<void> {
    while (this.#sum('records') < count) await this.#told.promise
  }

  async haveMerged(count: number): Promise<void> {
    while (this.#sum('mergedRecords') < count) await this.#told.promise
  }

  /** Of their processes, since these began. */
  async cpuSeconds(): Promise<number> {
    await this.#ask()
    return this.#sum('cpuSeconds')
  }

  async stop(): Promise<void> {
    const exits = this.#children.map((child) => once(child, 'exit'))
    for (const child of this.#children) child.send('stop')
    await Promise.all(exits)
  }

  /** Has each tell its state. */
  async #ask(): Promise<void> {
    await Promise.all(
      this.#children.map((child) => {
        child.send('tell')
        return once(child, 'message')
      }),
    )
  }

  #sum(reading: 'records' | 'mergedRecords' | 'cpuSeconds'): number {
    return this.#states.reduce((sum, state) => sum + state[reading], 0)
  }
}
