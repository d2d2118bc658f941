/** Records in a row that became dead letters. */
export interface SourceStreak {
  readonly topic: string
  /** Where the last of them is, and why it is a dead letter. */
  readonly partition: number
  readonly offset: number
  readonly reason: string
  readonly records: number
}
