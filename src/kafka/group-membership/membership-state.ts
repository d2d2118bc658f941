/** The number of a task: of its partition in the topic of the checkpoints. */
export type Task = number

/** How one kind of group differs from the others for its members. */
export interface GroupTraits {
  /**
   * What a member does after an answer that is lost. `rejoin`: tasks are told once, so it joins anew. `report`: they
   * are told again to who says what it has. `repeat`: it asks the same again.
   */
  readonly afterLost: 'rejoin' | 'report' | 'repeat'
  /** Whether a member says that it has what it was given. */
  readonly confirmsGains: boolean
  /** Whether a join may still be carried out after the request for leaving, which goes another way. */
  readonly holdsJoins: boolean
  /** By what a member is known that joins; the coordinator may give it another id. */
  readonly memberId: string
}

/**
 * What a member of a group knows of itself. `joining`: it says who it is, with nothing that it works on. `member`: it
 * tells that it lives. `stopping`: its work has to end before it joins anew. `leaving`: it says that it goes.
 */
export interface MembershipState {
  readonly phase: 'joining' | 'member' | 'stopping' | 'leaving' | 'ended'
  readonly traits: GroupTraits
  readonly memberId: string
  /** By which the coordinator knows it; 0 while it is no member. */
  readonly epoch: number
  /** What it is to have, as it was told last. */
  readonly told: ReadonlySet<Task>
  /** What it has, being given up or not; while it stops, what has to stop. */
  readonly held: ReadonlySet<Task>
  /** What it is to keep a copy of. */
  readonly standbys: ReadonlySet<Task>
  /** Whether it owes the coordinator word of what it has. */
  readonly owesReport: boolean
  /** The request that is on its way, and what it says that the member has. */
  readonly asking: AskKind | undefined
  readonly saying: ReadonlySet<Task>
  /** What the member said last, as far as it knows, and by which epoch the coordinator knew that. */
  readonly said: ReadonlySet<Task>
  readonly saidIn: number
  /** Whether a join was on its way when the member began to leave. */
  readonly mayYetJoin: boolean
}

export type AskKind = 'join' | 'report' | 'beat' | 'leave'

export type MembershipEvent =
  /** It is time for a heartbeat. */
  | { readonly type: 'due' }
  | Answered
  /** The coordinator does not know the member by its epoch any more. */
  | { readonly type: 'fenced' }
  /** The coordinator wants to know again what the member has. */
  | { readonly type: 'reportWanted'; readonly joined?: { readonly memberId: string; readonly epoch: number } }
  /** The request has not been carried out, and another one may be: the coordinator loads, or was not reached. */
  | { readonly type: 'refused' }
  /** The request may have been carried out or not. */
  | { readonly type: 'lost' }
  /** The work on tasks has ended, and what it has come to is committed. */
  | { readonly type: 'gaveUp'; readonly tasks: readonly Task[] }
  /** All work has stopped, and nothing of it can be committed any more. */
  | { readonly type: 'stopped' }
  | { readonly type: 'leave' }

export interface Answered {
  readonly type: 'answered'
  readonly memberId: string
  readonly epoch: number
  /** Absent where nothing has changed. */
  readonly tasks?: ReadonlySet<Task>
  readonly standbys?: ReadonlySet<Task>
}

/** A request to the coordinator; all but `kind`, `memberId` and `epoch` matters to `join` and `report` alone. */
export interface Ask {
  readonly type: 'ask'
  readonly kind: AskKind
  readonly memberId: string
  readonly epoch: number
  readonly held: ReadonlySet<Task>
  readonly standbys: ReadonlySet<Task>
  readonly said: ReadonlySet<Task>
  readonly saidIn: number
}

export type MembershipAction =
  | Ask
  | { readonly type: 'gain'; readonly tasks: ReadonlySet<Task> }
  /** End the work on these in good order, and say so by `gaveUp`. */
  | { readonly type: 'lose'; readonly tasks: ReadonlySet<Task> }
  /** End all work at once, and say so by `stopped`. */
  | { readonly type: 'stop'; readonly why: 'fenced' | 'lost' }
  /** Keep copies of these, and of no others. */
  | { readonly type: 'standBy'; readonly tasks: ReadonlySet<Task> }
  /** The next heartbeat is due at once. */
  | { readonly type: 'hurry' }

export interface MembershipTransition {
  readonly state: MembershipState
  readonly actions: readonly MembershipAction[]
}

const nothing: ReadonlySet<Task> = new Set()

/** One that has not joined yet. */
export function newMembership(traits: GroupTraits): MembershipState {
  return {
    phase: 'joining',
    traits,
    memberId: traits.memberId,
    epoch: 0,
    told: nothing,
    held: nothing,
    standbys: nothing,
    owesReport: false,
    asking: undefined,
    saying: nothing,
    said: nothing,
    saidIn: 0,
    mayYetJoin: false,
  }
}
