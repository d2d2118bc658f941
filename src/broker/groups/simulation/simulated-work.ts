import { nextInt } from '../../../core/random.ts'
import type { Task } from '../../../kafka/index.ts'
import type { OpenTransaction } from './simulated-log.ts'
import type { Identity, World } from './world.ts'

const handOverMsMax = 50
const commitEveryMsMax = 400
const requestMsMax = 30
const recoveryMsMax = 300
const lookAgainMs = 100

type Message =
  | ({ readonly kind: 'epoch' } & Identity)
  | { readonly kind: 'gained' | 'losing'; readonly tasks: readonly Task[] }
  | { readonly kind: 'stopping' }

interface WorkOptions {
  readonly world: World
  readonly owner: string
  readonly isStopped: () => boolean
  readonly gaveUp: (tasks: readonly Task[]) => void
  readonly stopped: () => void
}

/**
 * The main thread of a member: it works on tasks, one transaction after the other over all of them, and hears of the
 * membership when its loop gets to it.
 */
export class SimulatedWork {
  readonly #options: WorkOptions
  /** Tasks that it works on, with how often they were committed when it began or committed them last. */
  readonly bases = new Map<Task, number>()
  identity: Identity | undefined
  readonly #inbox: Message[] = []
  #isBusy = false
  #stalledUntilMs = 0
  #transaction: OpenTransaction | undefined
  /** What it is about to work on. */
  readonly #recovering = new Map<Task, symbol>()
  readonly #losing = new Set<Task>()
  #isStopping = false

  constructor(options: WorkOptions) {
    this.#options = options
    this.#commitLater()
  }

  /** Its loop stands still, while its membership goes on. */
  stall(ms: number): void {
    this.#stalledUntilMs = this.#nowMs + ms
  }

  hear(message: Message): void {
    this.#inbox.push(message)
    this.#takeLater()
  }

  get #nowMs(): number {
    return this.#options.world.clock.monotonicMs()
  }

  /** Does something later, once neither the loop nor the process stands still. */
  #later(msMax: number, run: () => void): void {
    const { world, isStopped } = this.#options
    world.clock.setTimer({ afterMs: nextInt(world.random, msMax) + 1 }, () => {
      if (isStopped() || this.#nowMs < this.#stalledUntilMs) this.#later(lookAgainMs, run)
      else run()
    })
  }

  #takeLater(): void {
    if (this.#isBusy) return
    this.#isBusy = true
    this.#later(handOverMsMax, () => {
      this.#isBusy = false
      for (const message of this.#inbox.splice(0)) this.#take(message)
    })
  }

  #take(message: Message): void {
    switch (message.kind) {
      case 'epoch':
        this.identity = message
        return
      case 'gained':
        for (const task of message.tasks) this.#recover(task, Symbol())
        return
      case 'losing':
        for (const task of message.tasks) this.#losing.add(task)
        return void (this.#transaction ?? this.#giveUp())
      case 'stopping':
        this.#recovering.clear()
        this.identity = undefined
        this.#isStopping = true
        return void (this.#transaction ?? this.#stop())
    }
  }

  /** Goes on from what is committed, once nothing of the task is open. */
  #recover(task: Task, recovery: symbol): void {
    const { log, knows } = this.#options.world
    this.#recovering.set(task, recovery)
    this.#later(recoveryMsMax, () => {
      if (this.#recovering.get(task) !== recovery) return
      const open = log.openOf(task)
      // Whoever is no member is fenced; the transactions of others come to an end.
      for (const each of open) if (!knows(each.owner)) log.abort(each)
      if (log.openOf(task).length > 0) return this.#recover(task, recovery)
      this.#recovering.delete(task)
      this.bases.set(task, log.version(task))
    })
  }

  #commitLater(): void {
    this.#later(commitEveryMsMax, () => {
      this.#commit()
      this.#commitLater()
    })
  }

  #commit(): void {
    const { identity, bases } = this
    const { world, owner } = this.#options
    if (identity === undefined || this.#transaction !== undefined || bases.size === 0) return
    const transaction: OpenTransaction = { owner, tasks: [...bases.keys()], bases: new Map(bases), isOver: false }
    this.#transaction = transaction
    this.#sent(() => {
      if (!world.takesCommit(identity, transaction.tasks)) return this.#later(requestMsMax, () => this.#end(false))
      world.log.open(transaction)
      this.#later(requestMsMax, () => {
        // All that has come by now is to be stopped or given up only after this transaction.
        if (this.#isStopping && world.chance(0.5)) {
          world.log.abort(transaction)
          return this.#end(false)
        }
        this.#sent(() => {
          const isCommitted = world.log.commit(transaction)
          this.#later(requestMsMax, () => this.#end(isCommitted))
        })
      })
    })
  }

  /** What is on its way to a broker arrives there, whatever becomes of its sender. */
  #sent(arrive: () => void): void {
    const { clock, random, chance } = this.#options.world
    const isLate = chance(0.02)
    clock.setTimer({ afterMs: nextInt(random, isLate ? 4_000 : requestMsMax) }, arrive)
  }

  #end(isCommitted: boolean): void {
    const { tasks } = this.#transaction!
    this.#transaction = undefined
    if (isCommitted) for (const task of tasks) this.bases.set(task, this.bases.get(task)! + 1)
    if (this.#isStopping) return this.#stop()
    this.#giveUp()
  }

  #giveUp(): void {
    if (this.#losing.size === 0 || this.#isStopping) return
    const tasks = [...this.#losing]
    this.#losing.clear()
    for (const task of tasks) {
      this.bases.delete(task)
      this.#recovering.delete(task)
    }
    this.#options.gaveUp(tasks)
  }

  #stop(): void {
    this.#isStopping = false
    this.bases.clear()
    this.#losing.clear()
    this.#options.stopped()
  }
}
