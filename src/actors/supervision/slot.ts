import type { Child } from './child.ts'
import type { Exit, ExitReason } from './exit-reason.ts'
import type { Member } from './restart-group.ts'
import type { RestartType } from './restart-policy.ts'

/** A child's place below its supervisor. */
export interface Slot extends Member {
  readonly id: string
  readonly path: string
  readonly restart: RestartType
  readonly child: Child
  /** Whether it was added to a running supervisor: then it ends with that life of the supervisor. */
  readonly isDynamic: boolean
  /** Set while a caller waits for its start, who is told of its exit in place of the supervisor. */
  started: { exit: Exit | undefined } | undefined
  /** Restarts after each of which the child stayed up for less than `withinMs`: the exponent of the backoff. */
  restartsInRow: number
  /** When the latest of them was due, in milliseconds of the monotonic clock. */
  lastRestartMs: number
}

/** The error of a crash. */
export function errorOf(reason: ExitReason | undefined): unknown {
  return reason?.kind === 'crashed' ? reason.error : undefined
}

/** The children of one supervisor, in the order of their start. Each life begins with those of the description. */
export class Slots {
  readonly #described: { readonly create: () => Slot; slot: Slot }[]
  readonly #current: Slot[]

  constructor(creators: readonly (() => Slot)[]) {
    this.#described = creators.map((create) => ({ create, slot: create() }))
    this.#current = this.#described.map(({ slot }) => slot)
  }

  /** The same array at all times. */
  get all(): readonly Slot[] {
    return this.#current
  }

  find(id: string): Slot | undefined {
    return this.#current.find((slot) => slot.id === id)
  }

  has(slot: Slot): boolean {
    return this.#current.includes(slot)
  }

  add(slot: Slot): void {
    this.#current.push(slot)
  }

  /** Ends a child that is down, for good. */
  remove(slot: Slot): void {
    const index = this.#current.indexOf(slot)
    if (index < 0) return
    this.#current.splice(index, 1)
    slot.child.end()
    slot.child.forget()
  }

  /** Goes back to the children of the description, once all are down. */
  reset(): void {
    for (const slot of this.#current.filter(({ isDynamic }) => isDynamic)) this.remove(slot)
    for (const described of this.#described) if (!this.has(described.slot)) described.slot = described.create()
    this.#current.splice(0, Infinity, ...this.#described.map(({ slot }) => slot))
  }
}
