/** How a member shows itself to the coordinator of its group; commits of offsets carry it. */
export interface GroupMember {
  /** Grows with every rebalance; what carries an old one is refused. */
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
}
