import type { Candidacy } from './subscription.ts'

export interface Candidate extends Candidacy {
  readonly memberId: string
}

/**
 * Chooses the active process, as the leader of a group does for all. The present owner stays, so nobody who comes or
 * goes interrupts it; of two who claim to be, the one that was owner last. Else it is the one that has stood by
 * longest.
 */
export function chooseOwner(candidates: readonly Candidate[]): string {
  return candidates.toSorted(byPrecedence)[0]!.memberId
}

function byPrecedence(a: Candidate, b: Candidate): number {
  return b.ownerIn - a.ownerIn || age(a) - age(b) || (a.memberId < b.memberId ? -1 : 1)
}

function age({ memberSince }: Candidate): number {
  return memberSince < 0 ? Number.MAX_SAFE_INTEGER : memberSince
}
