import type { ErrorRule } from '../coded-error.ts'

/** Errors of actors and supervisors. */
export const actorErrors = {
  ACTOR_ASK_FAILED: {
    retryable: true,
    meaning: 'An actor crashed or was stopped over a question, before it answered.',
    remedy: 'Look at the cause; ask again once the actor has restarted.',
  },
  ACTOR_ASK_TIMEOUT: {
    retryable: true,
    meaning: 'An actor did not answer a question in time.',
    remedy: 'Raise `timeoutMs`, or find what keeps the actor busy.',
  },
  ACTOR_CHANGE_FAILED: {
    retryable: false,
    meaning: 'The definition of an actor was to be changed while it runs, and was not: all is as it was before.',
    remedy: 'Look at the cause: what `migrate` failed with, that there is none, or what is wrong with the module.',
  },
  ACTOR_CHILDREN_FULL: {
    retryable: true,
    meaning: 'A supervisor has as many children as it takes.',
    remedy: 'Raise `childrenMax`, or start the child once another has ended.',
  },
  ACTOR_CHILD_EXISTS: {
    retryable: false,
    meaning: 'A supervisor was given a child whose id another of its children has, running or not.',
    remedy: 'Restart or delete that child, or give the new one another id.',
  },
  ACTOR_CHILD_RUNNING: {
    retryable: false,
    meaning: 'A child that runs, or is being restarted, was to be restarted or deleted.',
    remedy: 'Terminate the child first.',
  },
  ACTOR_LINK_BROKEN: {
    retryable: true,
    meaning: 'An actor crashed because one that it is linked to went down, or was down already.',
    remedy: 'Look at the cause; an actor that is to live on has `trapExit`, or monitors in place of links.',
  },
  ACTOR_MAILBOX_CLOSED: {
    retryable: false,
    meaning: 'A message was sent to an actor that has ended.',
    remedy: 'Monitor the actor, or look at the reason its supervisor reports.',
  },
  ACTOR_MAILBOX_FULL: {
    retryable: true,
    meaning: 'Too many messages wait for room in the mailbox of an actor.',
    remedy: 'Await what `tell` returns before sending more.',
  },
  ACTOR_NOT_FOUND: {
    retryable: false,
    meaning: 'A system has no actor or supervisor, or more than one, at an address, or a supervisor has no such child.',
    remedy: 'Use the path of the actor, as `whichChildren` shows it; a child is named by its id.',
  },
  ACTOR_NOT_SENDABLE: {
    retryable: false,
    meaning:
      'What was to go to an actor on another thread has something in it that does not cross, such as a function.',
    remedy: 'Send data, references, errors, or bytes that were not given away before; the message names the place.',
  },
  ACTOR_RESTARTS_EXCEEDED: {
    retryable: false,
    meaning: 'The children of a supervisor ended more often than it restarts them.',
    remedy: 'Look at the cause, which is the last crash; `maxRestarts` and `withinMs` set the limit.',
  },
  ACTOR_SPEC_INVALID: {
    retryable: false,
    meaning: 'The description of a supervisor, a child or an actor is wrong.',
    remedy: 'Correct what the message names.',
  },
  ACTOR_START_FAILED: {
    retryable: false,
    meaning: 'A child could not be started; a supervisor that was starting with it did not start either.',
    remedy: 'Look at the cause, which is what `init` failed with.',
  },
  ACTOR_STASH_FULL: {
    retryable: false,
    meaning: 'An actor set aside as many messages as its mailbox holds, so that no other could come in.',
    remedy: 'Raise `mailboxMax`, or call `unstashAll` sooner.',
  },
  ACTOR_SUPERVISOR_DOWN: {
    retryable: true,
    meaning: 'The children of a supervisor were to be changed while it did not run.',
    remedy: 'Change them once it has started; it may be about to restart.',
  },
  ACTOR_THREAD_DOWN: {
    retryable: true,
    meaning: 'The thread of an actor ended: it exited, threw outside of a handler, ran out of memory, or was blocked.',
    remedy: 'Look at `kind` and at the cause. Its actors restart on a new thread, as their supervisors say.',
  },
} as const satisfies Record<string, ErrorRule>
