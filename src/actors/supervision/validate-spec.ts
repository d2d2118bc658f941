import { ActorError } from '../../core/errors.ts'
import type { ActorDefinition, FailingMessagePolicy } from '../actor/actor.ts'
import type { Autoscale } from '../routing/group-plan.ts'
import type { Backoff } from './restart-policy.ts'
import type { AutoShutdown, ChildSpec, SupervisorSpec } from './supervisor.ts'

/** The threads that there are, and the one that children are placed on unless they say another. */
export interface Threading {
  readonly threads: readonly string[]
  readonly inherited: string | undefined
}

/**
 * Checks a supervision tree before anything of it starts.
 *
 * @throws ActorError `ACTOR_SPEC_INVALID` that names the place and the fault.
 */
export function validateSpec(spec: SupervisorSpec, path: string, threading: Threading): void {
  const check = checkAt(path)
  check(spec.kind === 'supervisor', 'must be made by supervisor()')
  checkId(check, spec.name)
  const strategies = ['oneForOne', 'oneForAll', 'restForOne', undefined]
  check(strategies.includes(spec.strategy), 'strategy must be oneForOne, oneForAll or restForOne')
  check(isWhole(spec.maxRestarts ?? 0, 0), 'maxRestarts must be a whole number of at least 0')
  check((spec.withinMs ?? 1) > 0, 'withinMs must be greater than 0')
  if (spec.backoff !== undefined) checkBackoff(check, spec.backoff)
  check(
    ['never', 'anySignificant', 'allSignificant', undefined].includes(spec.autoShutdown),
    'autoShutdown must be never, anySignificant or allSignificant',
  )
  check(isWhole(spec.childrenMax ?? 1, 1), 'childrenMax must be a whole number of at least 1')
  check(spec.template === undefined || typeof spec.template.start === 'function', 'child.start must be a function')
  if (spec.group?.autoscale !== undefined) checkAutoscale(check, spec.group.autoscale, spec.children.length)
  check(spec.group === undefined || spec.children.length > 0, 'the size of a group must be at least 1')
  check(Array.isArray(spec.children), 'children must be an array')
  check(spec.children.length <= (spec.childrenMax ?? Infinity), 'there are more children than childrenMax')
  const ids = new Set<string>()
  for (const child of spec.children) {
    const id = child.id ?? child.start?.name
    check(!ids.has(id), `two children have the id '${id}'`)
    ids.add(id)
    validateChild(child, `${path}/${id}`, threading, spec.autoShutdown)
  }
}

/** Checks a child, as `validateSpec` does. */
export function validateChild(
  { id, start, restart, shutdownMs, significant, thread }: ChildSpec,
  path: string,
  threading: Threading,
  autoShutdown: AutoShutdown = 'never',
): void {
  const check = checkAt(path)
  const kinds = ['actor', 'module', 'supervisor']
  check(kinds.includes(start?.kind), 'start must be made by defineActor() or supervisor()')
  checkId(check, id ?? start.name)
  const types = ['permanent', 'transient', 'temporary', undefined]
  check(types.includes(restart), 'restart must be permanent, transient or temporary')
  if (significant === true) {
    check(restart === 'transient' || restart === 'temporary', 'a significant child must be transient or temporary')
    check(autoShutdown !== 'never', 'a significant child needs a supervisor with autoShutdown')
  }
  const { threads, inherited } = threading
  const isThread = thread === undefined || threads.includes(thread) || (thread === 'spread' && threads.length > 0)
  check(isThread, `there is no thread '${thread}'; the system has ${threads.join(', ') || 'none'}`)
  const place = thread ?? inherited
  if (start.kind === 'supervisor') {
    check(shutdownMs === undefined, 'shutdownMs is for actors; a supervisor takes as long as its children')
    return validateSpec(start, path, { threads, inherited: place })
  }
  check((shutdownMs ?? 0) >= 0, 'shutdownMs must be at least 0')
  if (start.kind === 'module') return check(place !== undefined, 'an actor of fromModule() needs a thread')
  check(place === undefined, `its functions do not cross to thread '${place}'; name the actor by fromModule()`)
  validateActor(start, path)
}

export function validateActor(actor: ActorDefinition, path: string): void {
  const { mailboxMax = 1, mailboxMaxBytes, failingMessage = 'drop', handleBatch, batchMax } = actor
  const check = checkAt(path)
  check(typeof actor.init === 'function', 'init must be a function')
  check(
    typeof actor.handlers === 'object' && actor.handlers !== null,
    'handle or handleInPlace must be an object of handlers',
  )
  check(handleBatch === undefined || typeof handleBatch === 'function', 'handleBatch must be a function')
  check(isWhole(batchMax, 1), 'batchMax must be a whole number of at least 1')
  check(isWhole(mailboxMax, 1), 'mailboxMax must be a whole number of at least 1')
  check((mailboxMaxBytes ?? 1) > 0, 'mailboxMaxBytes must be greater than 0')
  check(isWhole(actor.version ?? 1, 1), 'version must be a whole number of at least 1')
  check(actor.migrate === undefined || typeof actor.migrate === 'function', 'migrate must be a function')
  check(mailboxMaxBytes === undefined || actor.sizeOf !== undefined, 'mailboxMaxBytes needs sizeOf')
  checkPolicy(check, failingMessage)
}

function checkPolicy(check: Check, policy: FailingMessagePolicy): void {
  if (typeof policy === 'string')
    return check(
      ['drop', 'dead-letter'].includes(policy),
      'failingMessage must be drop, dead-letter or { retry, afterwards }',
    )
  check(
    policy.retry === Infinity || isWhole(policy.retry, 1),
    'failingMessage.retry must be a whole number of at least 1, or Infinity',
  )
  check(
    ['drop', 'dead-letter', 'escalate'].includes(policy.afterwards),
    'failingMessage.afterwards must be drop, dead-letter or escalate',
  )
}

function checkBackoff(check: Check, { initialMs, factor = 2, maxMs = 30_000, jitter = 0 }: Backoff): void {
  check(initialMs >= 0, 'backoff.initialMs must be at least 0')
  check(factor >= 1, 'backoff.factor must be at least 1')
  check(maxMs >= initialMs, 'backoff.maxMs must be at least backoff.initialMs')
  check(jitter >= 0 && jitter <= 1, 'backoff.jitter must be 0 to 1')
}

function checkAutoscale(
  check: Check,
  { min, max, growAt = 100, shrinkAt = 10, settleMs = 1 }: Autoscale,
  size: number,
): void {
  check(isWhole(min, 1) && isWhole(max, min), 'autoscale.min and max must be whole numbers, 1 <= min <= max')
  check(size >= min && size <= max, 'the size of the group must be from autoscale.min to max')
  check(shrinkAt >= 0 && growAt > shrinkAt, 'autoscale.growAt must be greater than shrinkAt, and shrinkAt at least 0')
  check(settleMs > 0, 'autoscale.settleMs must be greater than 0')
}

function checkId(check: Check, id: unknown): void {
  check(typeof id === 'string' && /^[^/]+$/.test(id), 'the id must be a text that is not empty and has no /')
}

function isWhole(value: number, min: number): boolean {
  return Number.isInteger(value) && value >= min
}

type Check = (isValid: boolean, fault: string) => void

export function checkAt(path: string): Check {
  return (isValid, fault) => {
    if (!isValid) throw new ActorError('ACTOR_SPEC_INVALID', `${path}: ${fault}`, { path, fault })
  }
}
