import { assert } from '../../core/assert.ts'
import type {
  MembershipAction,
  MembershipEvent,
  MembershipState,
  MembershipTransition,
  Share,
} from './membership-state.ts'

const nothing: ReadonlySet<Share> = new Set()
const leavingEpoch = -1

/**
 * A member of a group whose broker shares out the work, as a pure state machine: KIP-848 and KIP-1071 alike. It has a
 * share from when it is told so until it has said that it has given it up, or has lost it.
 */
export function nextMembershipState(state: MembershipState, event: MembershipEvent): MembershipTransition {
  const transition = transitionOf(state, event)
  assertSound(transition.state)
  return transition
}

function transitionOf(state: MembershipState, event: MembershipEvent): MembershipTransition {
  if (state.phase === 'ended') return to(state)
  switch (event.type) {
    case 'due':
      return due(state)
    case 'answered':
      return answered({ ...state, isAsking: false }, event.epoch, event.shares)
    case 'fenced':
      return joinAnew({ ...state, isAsking: false })
    case 'refused':
      return to({ ...state, isAsking: false, owesReport: state.phase === 'member' })
    case 'lost':
      return lost({ ...state, isAsking: false })
    case 'released':
      return released(state, new Set(event.shares))
    case 'leave':
      return to({ ...state, phase: 'leaving', held: nothing, told: nothing, isPaused: false }, ...losses(state), hurry)
  }
}

const hurry: MembershipAction = { type: 'hurry' }

function due(state: MembershipState): MembershipTransition {
  if (state.isAsking) return to(state)
  const asking = { ...state, isAsking: true }
  if (state.phase === 'leaving') {
    return to(asking, { type: 'ask', epoch: leavingEpoch, shares: undefined, isFull: false })
  }
  if (state.phase === 'joining') return to(asking, { type: 'ask', epoch: 0, shares: nothing, isFull: true })
  const shares = state.owesReport ? state.held : undefined
  return to({ ...asking, owesReport: false }, { type: 'ask', epoch: state.epoch, shares, isFull: state.owesReport })
}

function answered(state: MembershipState, epoch: number, shares: ReadonlySet<Share> | undefined): MembershipTransition {
  if (state.phase === 'leaving') return to({ ...state, phase: 'ended', epoch: 0 })
  const member: MembershipState = { ...state, phase: 'member', epoch, isPaused: false }
  if (shares === undefined) return to(member)
  if (state.phase === 'joining') return rejoined(member, shares)
  const taken = shares.difference(state.held)
  const extra = state.held.difference(shares)
  const actions: MembershipAction[] = []
  if (taken.size > 0) actions.push({ type: 'take', shares: taken })
  if (extra.size > 0) actions.push({ type: 'release', shares: extra })
  const next = { ...member, told: shares, held: state.held.union(shares) }
  // Who has nothing to give up says at once that it has what it was told.
  return extra.size > 0 || taken.size === 0
    ? to(next, ...actions)
    : to({ ...next, owesReport: true }, ...actions, hurry)
}

/** What was paused goes on where the member still is to have it. */
function rejoined(state: MembershipState, shares: ReadonlySet<Share>): MembershipTransition {
  const kept = state.held.intersection(shares)
  const gone = state.held.difference(shares)
  const taken = shares.difference(state.held)
  const actions: MembershipAction[] = []
  if (gone.size > 0) actions.push({ type: 'lose', shares: gone })
  if (kept.size > 0) actions.push({ type: 'resume', shares: kept })
  if (taken.size > 0) actions.push({ type: 'take', shares: taken })
  return to({ ...state, told: shares, held: shares, owesReport: true }, ...actions, hurry)
}

function joinAnew(state: MembershipState): MembershipTransition {
  if (state.phase === 'leaving') return to({ ...state, phase: 'ended', epoch: 0 })
  const outside: MembershipState = { ...state, phase: 'joining', epoch: 0, told: nothing, held: nothing }
  return to({ ...outside, isPaused: false, owesReport: false }, ...losses(state), hurry)
}

/**
 * Where shares are told once, the lost answer may have told of some that are to be given up. A member that joins anew
 * says that it has nothing, so it works on nothing until it knows.
 */
function lost(state: MembershipState): MembershipTransition {
  if (state.phase !== 'member') return to(state)
  if (!state.tellsOnce) return to({ ...state, owesReport: true })
  return to({ ...state, phase: 'joining', epoch: 0, isPaused: true, owesReport: false }, { type: 'pause' }, hurry)
}

function released(state: MembershipState, shares: ReadonlySet<Share>): MembershipTransition {
  if (state.phase !== 'member') return to(state)
  // What it is to have again meanwhile stays.
  const held = state.held.difference(shares.difference(state.told))
  const isDone = held.isSubsetOf(state.told)
  return isDone ? to({ ...state, held, owesReport: true }, hurry) : to({ ...state, held })
}

function losses({ held }: MembershipState): MembershipAction[] {
  return held.size === 0 ? [] : [{ type: 'lose', shares: held }]
}

function to(state: MembershipState, ...actions: MembershipAction[]): MembershipTransition {
  return { state, actions }
}

function assertSound({ phase, epoch, held, isPaused, told }: MembershipState): void {
  assert(phase !== 'member' || epoch > 0, 'a member has an epoch')
  assert(phase === 'member' || epoch === 0 || phase === 'leaving', 'who is no member has none')
  assert(phase === 'member' || held.size === 0 || isPaused, 'who is no member works on nothing')
  assert(phase !== 'member' || told.isSubsetOf(held), 'a member has what it was told')
}
