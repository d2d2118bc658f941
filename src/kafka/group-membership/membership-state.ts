/** A partition or task that a group shares out, as its driver spells it. */
export type Share = string

/**
 * What a member of a group whose broker shares out the work knows of itself. `joining`: it says who it is, with nothing
 * that it uses. `member`: it tells that it lives. `leaving`: it has said that it goes. `ended`: it is no member.
 */
export interface MembershipState {
  readonly phase: 'joining' | 'member' | 'leaving' | 'ended'
  /** By which it is known to the coordinator; 0 while it joins. */
  readonly epoch: number
  /** What it is to have, as it was told last. */
  readonly told: ReadonlySet<Share>
  /** What it has, given up or not; paused while it joins anew after an answer was lost. */
  readonly held: ReadonlySet<Share>
  readonly isPaused: boolean
  /** Whether it owes the coordinator word of what it has. */
  readonly owesReport: boolean
  /** Whether a heartbeat is on its way. */
  readonly isAsking: boolean
  /** What follows from an answer that is lost: groups that tell shares once only have to be joined anew. */
  readonly tellsOnce: boolean
}

export type MembershipEvent =
  /** It is time for a heartbeat. */
  | { readonly type: 'due' }
  | { readonly type: 'answered'; readonly epoch: number; readonly shares: ReadonlySet<Share> | undefined }
  /** The coordinator does not know the member by its epoch any more. */
  | { readonly type: 'fenced' }
  /** The heartbeat has not been carried out, and another one may be: the coordinator moves, or loads. */
  | { readonly type: 'refused' }
  /** The heartbeat may have been carried out or not. */
  | { readonly type: 'lost' }
  /** The work on shares has ended, and what it has come to is committed. */
  | { readonly type: 'released'; readonly shares: Iterable<Share> }
  | { readonly type: 'leave' }

export type MembershipAction =
  /** `shares` is what the member has, where it says so. */
  | {
      readonly type: 'ask'
      readonly epoch: number
      readonly shares: ReadonlySet<Share> | undefined
      readonly isFull: boolean
    }
  | { readonly type: 'take'; readonly shares: ReadonlySet<Share> }
  /** End the work on these in good order, and say when that is done. */
  | { readonly type: 'release'; readonly shares: ReadonlySet<Share> }
  /** Work on nothing until an answer has come. */
  | { readonly type: 'pause' }
  /** Go on with these. */
  | { readonly type: 'resume'; readonly shares: ReadonlySet<Share> }
  /** These belong to others by now: nothing of them may be committed. */
  | { readonly type: 'lose'; readonly shares: ReadonlySet<Share> }
  /** The next heartbeat is due at once. */
  | { readonly type: 'hurry' }

export interface MembershipTransition {
  readonly state: MembershipState
  readonly actions: readonly MembershipAction[]
}

/** One that has not joined yet. */
export function newMembership({ tellsOnce }: { tellsOnce: boolean }): MembershipState {
  const nothing: ReadonlySet<Share> = new Set()
  const flags = { isPaused: false, owesReport: false, isAsking: false, tellsOnce }
  return { phase: 'joining', epoch: 0, told: nothing, held: nothing, ...flags }
}
