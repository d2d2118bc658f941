export { defineActor } from './actor/actor.ts'
export type {
  ActorContext,
  ActorDefinition,
  ActorParts,
  ActorSpec,
  FailingMessagePolicy,
  Handlers,
  InPlaceHandlers,
} from './actor/actor.ts'
export type { Answer, AskOptions, Question, Reply } from './actor/ask.ts'
export type { DeadLetter, DeadLetterCounts, DeadLetterReason } from './mailbox/dead-letters.ts'
export type { SystemEvent } from './system/events.ts'
export type { ExitReason } from './supervision/exit-reason.ts'
export type { ActorMessage, ActorRef, DownNotice, Monitor } from './actor/ref.ts'
export { type Backoff, backoffMs, type RestartType } from './supervision/restart-policy.ts'
export type { ActorSnapshot, ChildCounts, ChildSnapshot, SupervisorSnapshot } from './system/snapshot.ts'
export { supervisor } from './supervision/supervisor.ts'
export type {
  ActorChildSpec,
  ChildSpec,
  Strategy,
  SupervisorChildSpec,
  SupervisorOptions,
  SupervisorSpec,
} from './supervision/supervisor.ts'
export { startSystem } from './system/system.ts'
export type { ActorSystem, StopOptions, SystemOptions } from './system/system.ts'
export type { AddedChild, SupervisorRef } from './supervision/supervisor-ref.ts'
