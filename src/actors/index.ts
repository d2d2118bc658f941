export { defineActor } from './actor.ts'
export type { ActorContext, ActorDefinition, ActorSpec, FailingMessagePolicy, Handlers } from './actor.ts'
export type { Answer, AskOptions, Question, Reply } from './ask.ts'
export type { DeadLetter, DeadLetterCounts, DeadLetterReason } from './dead-letters.ts'
export type { SystemEvent } from './events.ts'
export type { ExitReason } from './exit-reason.ts'
export type { ActorMessage, ActorRef, DownNotice, Monitor } from './ref.ts'
export { type Backoff, backoffMs, type RestartType } from './restart-policy.ts'
export type { ActorSnapshot, ChildCounts, ChildSnapshot, SupervisorSnapshot } from './snapshot.ts'
export { supervisor } from './supervisor.ts'
export type {
  ActorChildSpec,
  ChildSpec,
  Strategy,
  SupervisorChildSpec,
  SupervisorOptions,
  SupervisorSpec,
} from './supervisor.ts'
export { startSystem } from './system.ts'
export type { ActorSystem, StopOptions, SystemOptions } from './system.ts'
