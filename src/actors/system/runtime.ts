import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import type { ActorMessage, ActorRef } from '../actor/ref.ts'
import type { SupervisorRef } from '../supervision/supervisor-ref.ts'
import type { GroupRef } from '../routing/group-ref.ts'
import type { AddressBook } from './address-book.ts'
import type { DeadLetters } from '../mailbox/dead-letters.ts'
import type { SystemEvent } from './events.ts'
import type { Scheduler } from './scheduler.ts'
import type { Traffic } from '../mailbox/traffic.ts'

/** What the parts of one system share; two systems share nothing. */
export interface Runtime {
  readonly clock: Clock
  readonly random: Random
  readonly scheduler: Scheduler
  readonly deadLetters: DeadLetters
  readonly traffic: Traffic
  readonly actors: AddressBook<ActorRef<ActorMessage>>
  readonly groups: AddressBook<GroupRef<never>>
  readonly supervisors: AddressBook<SupervisorRef>
  emit(event: SystemEvent): void
}
