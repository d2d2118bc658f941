import type { ExitReason } from '../supervision/exit-reason.ts'

/** What one child of a system is and does at this moment. */
export type ChildSnapshot = ActorSnapshot | SupervisorSnapshot

/** An actor at this moment. */
export interface ActorSnapshot {
  readonly kind: 'actor'
  readonly path: string
  /** The thread that it is placed on; the main thread has no name. */
  readonly thread?: string
  /** `down` between two incarnations and before the first; `ended` when none will follow. */
  readonly status: 'starting' | 'running' | 'stopping' | 'down' | 'ended'
  /** The number of the latest incarnation; 0 before the first. */
  readonly incarnation: number
  /** Why the latest incarnation that is down ended; `undefined` before there was one. */
  readonly lastReason: ExitReason | undefined
  /** Messages handled by all incarnations. */
  readonly handledCount: number
  /** The same per second, since the latest snapshot that is a second old, or else since the actor was made. */
  readonly handledPerSecond: number
  readonly mailboxCount: number
  readonly mailboxBytes: number
  /** Messages whose senders wait for room in the mailbox. */
  readonly waitingCount: number
}

/** A supervisor and its children at this moment. */
export interface SupervisorSnapshot {
  readonly kind: 'supervisor'
  readonly path: string
  readonly status: 'starting' | 'running' | 'stopping' | 'down'
  readonly strategy: 'oneForOne' | 'oneForAll' | 'restForOne' | 'simpleOneForOne'
  /** The number of its latest life; 0 before the first. */
  readonly incarnation: number
  /** Why its latest life that is over ended; `undefined` before there was one. */
  readonly lastReason: ExitReason | undefined
  readonly children: readonly ChildSnapshot[]
}

/** How many children there are at any depth. */
export interface ChildCounts {
  readonly actors: number
  readonly supervisors: number
  /** Those of both kinds that are running. */
  readonly running: number
}

export function countAll(children: readonly ChildSnapshot[]): ChildCounts {
  const all = children.flatMap(withDescendants)
  return {
    actors: all.filter(({ kind }) => kind === 'actor').length,
    supervisors: all.filter(({ kind }) => kind === 'supervisor').length,
    running: all.filter(({ status }) => status === 'running').length,
  }
}

function withDescendants(child: ChildSnapshot): ChildSnapshot[] {
  return child.kind === 'actor' ? [child] : [child, ...child.children.flatMap(withDescendants)]
}
