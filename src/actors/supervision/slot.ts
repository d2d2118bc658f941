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
  /** Whether its end may shut the supervisor down. */
  readonly isSignificant: boolean
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
  // A map keeps the order, and finds one of very many at once.
  readonly #current = new Map<string, Slot>()
  #version = 0

  constructor(creators: readonly (() => Slot)[]) {
    this.#described = creators.map((create) => ({ create, slot: create() }))
    this.#begin()
  }

  get count(): number {
    return this.#current.size
  }

  /** All at this moment. */
  get all(): readonly Slot[] {
    return [...this.#current.values()]
  }

  find(id: string): Slot | undefined {
    return this.#current.get(id)
  }

  /** Changes whenever a child comes, goes, or is wanted or not. */
  get version(): number {
    return this.#version
  }

  setWanted(slot: Slot, isWanted: boolean): void {
    slot.isWanted = isWanted
    this.#version++
  }

  has(slot: Slot): boolean {
    return this.find(slot.id) === slot
  }

  add(slot: Slot): void {
    this.#current.set(slot.id, slot)
    this.#version++
  }

  /** Ends a child that is down, for good. */
  remove(slot: Slot): void {
    if (!this.has(slot)) return
    this.#current.delete(slot.id)
    this.#version++
    slot.child.end()
    slot.child.forget()
  }

  /** Goes back to the children of the description, once all are down. */
  reset(): void {
    for (const slot of this.all) if (slot.isDynamic) this.remove(slot)
    for (const described of this.#described) if (!this.has(described.slot)) described.slot = described.create()
    this.#current.clear()
    this.#begin()
  }

  #begin(): void {
    for (const { slot } of this.#described) this.add(slot)
  }
}
