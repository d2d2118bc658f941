import { assert } from '../../core/assert.ts'
import {
  type Answered,
  type Ask,
  type MembershipAction,
  type MembershipEvent,
  type MembershipState,
  type MembershipTransition,
  newMembership,
  type Task,
} from './membership-state.ts'

const nothing: ReadonlySet<Task> = new Set()
const leavingEpoch = -1
const hurry: MembershipAction = { type: 'hurry' }

/**
 * A member of a group that shares tasks out, as a pure state machine, whatever protocol its driver speaks.
 *
 * - A task is the member's from when it is told so until it has said that it has given it up. It says that only after the
 *   work on it has ended.
 * - A member that is no longer known by its epoch, or that may have missed what is told once, stops all work before it
 *   joins anew: who joins has nothing, so all that it had may be others' at once. What comes back is gained anew, because
 *   others may have worked on it in between.
 */
export function nextMembershipState(state: MembershipState, event: MembershipEvent): MembershipTransition {
  const transition = transitionOf(state, event)
  assertSound(transition.state)
  return transition
}

function transitionOf(state: MembershipState, event: MembershipEvent): MembershipTransition {
  if (state.phase === 'ended') return to(state)
  if (isOutcome(event) && state.asking === undefined) return to(state)
  switch (event.type) {
    case 'due':
      return due(state)
    case 'answered':
      return answered(state, event)
    case 'fenced':
      return fenced(state)
    case 'reportWanted':
      return reportWanted(state, event.joined)
    case 'refused':
      return to(askedAgain(state))
    case 'lost':
      return lost(state)
    case 'gaveUp':
      return gaveUp(state, new Set(event.tasks))
    case 'stopped':
      return state.phase === 'stopping' ? to(outside(state), hurry) : to(state)
    case 'leave':
      return leave(state)
  }
}

/** What became of a request: of none that counts any more where the member has begun to leave since. */
function isOutcome({ type }: MembershipEvent): boolean {
  switch (type) {
    case 'answered':
    case 'fenced':
    case 'reportWanted':
    case 'refused':
    case 'lost':
      return true
    case 'due':
    case 'gaveUp':
    case 'stopped':
    case 'leave':
      return false
  }
}

function due(state: MembershipState): MembershipTransition {
  if (state.asking !== undefined) return to(state)
  const { memberId, held, standbys } = state
  const none = { held: nothing, standbys: nothing }
  switch (state.phase) {
    case 'joining':
      return ask(state, { kind: 'join', memberId, epoch: 0, ...none })
    case 'member': {
      const kind = state.owesReport ? 'report' : 'beat'
      return ask({ ...state, owesReport: false }, { kind, memberId, epoch: state.epoch, held, standbys })
    }
    case 'leaving':
      return ask(state, { kind: 'leave', memberId, epoch: leavingEpoch, ...none })
    case 'stopping':
    case 'ended':
      return to(state)
  }
}

function ask(
  state: MembershipState,
  request: Pick<Ask, 'kind' | 'memberId' | 'epoch' | 'held' | 'standbys'>,
): MembershipTransition {
  const { said, saidIn } = state
  return to({ ...state, asking: request.kind, saying: request.held }, { type: 'ask', ...request, said, saidIn })
}

function answered(state: MembershipState, { memberId, epoch, tasks, standbys }: Answered): MembershipTransition {
  if (state.phase === 'leaving') return to(ended(state))
  const wasReport = state.asking === 'report'
  const heard = state.asking === 'beat' ? state : { ...state, said: state.saying, saidIn: epoch }
  const member: MembershipState = { ...heard, phase: 'member', memberId, epoch, asking: undefined }
  const told = tasks ?? state.told
  const actions: MembershipAction[] = []
  const gained = told.difference(state.held)
  const extra = state.held.difference(told)
  if (gained.size > 0) actions.push({ type: 'gain', tasks: gained })
  // What was told before is being given up already.
  const lost = tasks === undefined ? nothing : extra.intersection(state.told)
  if (lost.size > 0) actions.push({ type: 'lose', tasks: lost })
  const changesStandbys = standbys !== undefined && standbys.symmetricDifference(state.standbys).size > 0
  if (changesStandbys) actions.push({ type: 'standBy', tasks: standbys })
  // Who has something to give up says what it has once that is done.
  const confirms = state.traits.confirmsGains && extra.size === 0 && (gained.size > 0 || changesStandbys)
  // What others have given up is told with the heartbeat after the one that said so.
  if (confirms || (wasReport && epoch > state.epoch)) actions.push(hurry)
  const next = { ...member, told, held: state.held.union(told), standbys: standbys ?? state.standbys }
  return to({ ...next, owesReport: state.owesReport || confirms }, ...actions)
}

function fenced(state: MembershipState): MembershipTransition {
  if (state.phase === 'leaving') return to(state.mayYetJoin ? { ...state, asking: undefined } : ended(state))
  return state.phase === 'member' ? stop(state, 'fenced') : to(outside(state))
}

function reportWanted(
  state: MembershipState,
  joined: { memberId: string; epoch: number } | undefined,
): MembershipTransition {
  const heard = joined && { memberId: joined.memberId, said: state.saying, saidIn: joined.epoch }
  const asked = { ...state, ...heard, asking: undefined }
  return state.phase === 'member' ? to({ ...asked, owesReport: true }, hurry) : to(asked, hurry)
}

/** Where tasks are told once, the lost answer may have told of some. */
function lost(state: MembershipState): MembershipTransition {
  const { afterLost } = state.traits
  if (state.phase !== 'member' || afterLost === 'repeat') return to(askedAgain(state))
  return afterLost === 'rejoin' ? stop(state, 'lost') : to({ ...state, asking: undefined, owesReport: true })
}

/** Who has no work joins anew at once. */
function stop(state: MembershipState, why: 'fenced' | 'lost'): MembershipTransition {
  const noCopies: MembershipAction[] = state.standbys.size > 0 ? [{ type: 'standBy', tasks: nothing }] : []
  if (state.held.size === 0) return to(outside(state), ...noCopies, hurry)
  return to({ ...outside(state), phase: 'stopping', held: state.held }, ...noCopies, { type: 'stop', why })
}

function gaveUp(state: MembershipState, tasks: ReadonlySet<Task>): MembershipTransition {
  if (state.phase !== 'member') return to(state)
  const given = tasks.intersection(state.held)
  // What it is to have again meanwhile is begun anew.
  const again = given.intersection(state.told)
  const held = state.held.difference(given).union(again)
  const actions: MembershipAction[] = again.size > 0 ? [{ type: 'gain', tasks: again }] : []
  const isDone = held.isSubsetOf(state.told)
  return isDone ? to({ ...state, held, owesReport: true }, ...actions, hurry) : to({ ...state, held }, ...actions)
}

function leave(state: MembershipState): MembershipTransition {
  if (state.phase === 'leaving') return to(state)
  const { holdsJoins } = state.traits
  const mayYetJoin = holdsJoins && (state.asking === 'join' || state.asking === 'report')
  return to({ ...outside(state), phase: 'leaving', memberId: state.memberId, mayYetJoin }, hurry)
}

function askedAgain(state: MembershipState): MembershipState {
  return { ...state, asking: undefined, owesReport: state.owesReport || state.asking === 'report' }
}

function outside({ traits }: MembershipState): MembershipState {
  return newMembership(traits)
}

function ended(state: MembershipState): MembershipState {
  return { ...outside(state), phase: 'ended' }
}

function to(state: MembershipState, ...actions: MembershipAction[]): MembershipTransition {
  return { state, actions }
}

function assertSound({ phase, epoch, held, standbys, told, asking }: MembershipState): void {
  assert(phase === 'member' ? epoch > 0 : epoch === 0, 'a member, and nobody else, has an epoch')
  assert(phase === 'member' || phase === 'stopping' || held.size === 0, 'who is no member works on nothing')
  assert(phase !== 'stopping' || asking === undefined, 'who stops asks nothing')
  assert(told.isSubsetOf(held), 'a member has what it was told')
  assert(phase === 'member' || standbys.size === 0, 'who is no member keeps no copies')
}
