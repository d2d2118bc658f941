export { defineActor } from './actor/actor.ts'
export type {
  ActorContext,
  ActorDefinition,
  ActorParts,
  ActorSpec,
  BatchHandler,
  FailingMessagePolicy,
  Handlers,
  InPlaceHandlers,
} from './actor/actor.ts'
export type { Answer, AskOptions, Question, Reply } from './actor/ask.ts'
export type { DeadLetter, DeadLetterCounts, DeadLetterReason } from './mailbox/dead-letters.ts'
export type { SystemEvent } from './system/events.ts'
export type { ExitReason } from './supervision/exit-reason.ts'
export type { ActorMessage, ActorRef } from './actor/ref.ts'
export type { DownNotice, Monitor } from './actor/monitor.ts'
export { type Backoff, backoffMs, type RestartType } from './supervision/restart-policy.ts'
export type { ActorSnapshot, ChildCounts, ChildSnapshot, SupervisorSnapshot } from './system/snapshot.ts'
export { simpleOneForOne, supervisor } from './supervision/supervisor.ts'
export type {
  ActorChildSpec,
  AutoShutdown,
  ChildSpec,
  ChildTemplate,
  SimpleOneForOneOptions,
  Strategy,
  SupervisorChildSpec,
  SupervisorOptions,
  SupervisorSpec,
} from './supervision/supervisor.ts'
export { startSystem } from './system/system.ts'
export { fromModule } from './threads/module-actor.ts'
export type { ActorExport, ModuleActor } from './threads/module-actor.ts'
export type { ThreadLimits } from './threads/thread-life.ts'
export type { ThreadCounts } from './threads/threads.ts'
export type { ActorSystem, StopOptions, SystemOptions } from './system/system.ts'
export { defineStateMachine } from './state-machine/state-machine.ts'
export type { MachineState, StateMachineSpec, Transition } from './state-machine/state-machine.ts'
export { group } from './routing/group-spec.ts'
export type { GroupOptions } from './routing/group-spec.ts'
export type { Autoscale, GroupPlan } from './routing/group-plan.ts'
export type { GroupRef } from './routing/group-ref.ts'
export type { Routing } from './routing/routing.ts'
export type { AddedAlike, AddedChild, SupervisorRef, TerminateOptions } from './supervision/supervisor-ref.ts'
