import { ActorError } from '../../core/errors.ts'
import type { Exit } from './exit-reason.ts'
import { errorOf } from './slot.ts'

export function startFailed(path: string, exit: Exit | undefined): ActorError {
  const message = exit === undefined ? `${path} was stopped while it started` : `${path} failed to start; see the cause`
  return new ActorError('ACTOR_START_FAILED', message, { path }, errorOf(exit?.reason))
}

export function childExists(path: string): ActorError {
  const message = `${path} exists; restart or delete it, or give the new child another id`
  return new ActorError('ACTOR_CHILD_EXISTS', message, { path })
}

export function childrenFull(path: string, childrenMax: number): ActorError {
  const message = `${path} has ${childrenMax} children, which is as many as it takes; raise childrenMax, or try again later`
  return new ActorError('ACTOR_CHILDREN_FULL', message, { path, childrenMax })
}

export function childRunning(path: string): ActorError {
  const message = `${path} runs or is being restarted; terminate it first`
  return new ActorError('ACTOR_CHILD_RUNNING', message, { path })
}

export function noChild(path: string, id: string): ActorError {
  return new ActorError('ACTOR_NOT_FOUND', `${path} has no child '${id}'`, { path, id })
}

export function supervisorDown(path: string, status: string): ActorError {
  const message = `${path} is ${status}; its children can be changed only while it runs`
  return new ActorError('ACTOR_SUPERVISOR_DOWN', message, { path, status })
}
