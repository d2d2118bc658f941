import type { Timer } from '../../../core/clock.ts'
import type { GroupProtocol, JoinAnswer, SyncAnswer } from './classic-messages.ts'

export interface ClassicMember {
  id: string
  /** Of a static member, which keeps its partitions while it restarts. */
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  protocols: readonly GroupProtocol[]
  assignment: Buffer
  /** Whether it waits for its first generation. */
  isNew: boolean
  /** Ends the JoinGroup that waits for the others. */
  join: ((answer: JoinAnswer) => void) | undefined
  /** Ends the SyncGroup that waits for the leader. */
  sync: ((answer: SyncAnswer) => void) | undefined
  session: Timer | undefined
}

export function hasSameProtocols(member: ClassicMember, protocols: readonly GroupProtocol[]): boolean {
  return (
    member.protocols.length === protocols.length &&
    member.protocols.every(
      ({ name, metadata }, i) => protocols[i]!.name === name && protocols[i]!.metadata.equals(metadata),
    )
  )
}

/** Finds the protocol most members prefer among those all of them know. */
export function electProtocol(members: readonly ClassicMember[]): string | undefined {
  const votes = new Map<string, number>()
  for (const { protocols } of members) {
    const vote = protocols.find(({ name }) => members.every((other) => offers(other, name)))?.name
    if (vote !== undefined) votes.set(vote, (votes.get(vote) ?? 0) + 1)
  }
  const ballots = [...votes].toSorted(([, a], [, b]) => b - a)
  return ballots[0]?.[0]
}

export function offers({ protocols }: ClassicMember, protocolName: string): boolean {
  return protocols.some(({ name }) => name === protocolName)
}
