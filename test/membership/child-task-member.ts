import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { TaskMembershipOptions, TaskProtocol } from '../../src/kafka/index.ts'
import { closeAtEnd } from '../at-end.ts'
import { until } from '../until.ts'

export type TaskMemberSettings = Omit<TaskMembershipOptions, 'onLost' | 'onDegraded' | 'onStoodStill'>

export type TaskMemberEvent =
  | { readonly kind: 'works' | 'standsBy'; readonly tasks: readonly number[] }
  | { readonly kind: 'joined'; readonly memberId: string; readonly protocol: TaskProtocol }
  | { readonly kind: 'stops' }
  | { readonly kind: 'degraded'; readonly sentence: string }
  | { readonly kind: 'lost'; readonly code: string }

/** A member that shares tasks, in a process of its own. */
export class ChildTaskMember implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #exited: Promise<void>
  /** All that it has told. */
  readonly events: TaskMemberEvent[] = []
  /** What it works on, as it has told last. */
  tasks: readonly number[] = []
  standbys: readonly number[] = []

  static async join(settings: TaskMemberSettings): Promise<ChildTaskMember> {
    const member = new ChildTaskMember(settings)
    await until('the member has joined', () => member.joined !== undefined)
    return member
  }

  private constructor(settings: TaskMemberSettings) {
    this.#process = fork(join(import.meta.dirname, 'task-member-process.ts'), [JSON.stringify(settings)])
    const hasEnded = closeAtEnd(() => this.#process.kill('SIGKILL'))
    this.#process.on('message', (event: TaskMemberEvent) => {
      this.events.push(event)
      if (event.kind === 'works') this.tasks = event.tasks
      if (event.kind === 'standsBy') this.standbys = event.tasks
    })
    this.#exited = once(this.#process, 'exit').then(() => {
      hasEnded()
      this.tasks = []
    })
  }

  get joined(): Extract<TaskMemberEvent, { kind: 'joined' }> | undefined {
    return this.events.find((event) => event.kind === 'joined')
  }

  get pid(): number {
    return this.#process.pid!
  }

  /** How often it has stopped all its work. */
  get stopCount(): number {
    return this.events.filter(({ kind }) => kind === 'stops').length
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name)
  }

  /** Leaves in good order. */
  async leave(): Promise<void> {
    this.#process.send('leave')
    await this.#exited
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#exited
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill()
  }
}
