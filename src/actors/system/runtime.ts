import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import type { AskDeadlines } from '../actor/ask-deadlines.ts'
import type { ActorMessage, ActorRef } from '../actor/ref.ts'
import type { SupervisorRef } from '../supervision/supervisor-ref.ts'
import type { GroupRef } from '../routing/group-ref.ts'
import type { AddressBook } from './address-book.ts'
import type { DeadLetter } from '../mailbox/dead-letters.ts'
import type { SystemEvent } from './events.ts'
import type { Runnable } from './scheduler.ts'
import type { ModuleActor } from '../threads/module-actor.ts'
import type { Child, OnExit } from '../supervision/child.ts'
import type { Traffic } from '../mailbox/traffic.ts'

/** What places actors on threads. */
export interface Placement {
  readonly names: readonly string[]
  /** @param thread - One of the names, or `spread`. */
  place(actor: ModuleActor, path: string, thread: string, shutdownMs: number, onExit: OnExit): Child
}

/** What the parts of one system share; two systems share nothing. */
export interface Runtime {
  readonly clock: Clock
  readonly deadlines: AskDeadlines
  readonly random: Random
  readonly scheduler: { schedule(runnable: Runnable): void }
  readonly deadLetters: { record(letter: DeadLetter): void }
  readonly traffic: Traffic
  readonly actors: AddressBook<ActorRef<ActorMessage>>
  readonly groups: AddressBook<GroupRef<never>>
  readonly supervisors: AddressBook<SupervisorRef>
  /** The names of the threads that actors are placed on, and what places them. */
  readonly threads: Placement
  emit(event: SystemEvent): void
}
