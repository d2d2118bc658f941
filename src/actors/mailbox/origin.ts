/** The thread that a message came from. Of the messages in one mailbox, those that have one have the same one. */
export interface Origin {
  /** Whether it keeps the message until that is done with here: should this thread end, the message is not lost. */
  readonly isKept: boolean
  /**
   * The handler of so many begins.
   *
   * @param isBatch - Whether it has several messages, from wherever.
   */
  onOpened(count: number, isBatch: boolean): void
  /** So many are done with, or have become a part of what the actor knows. */
  onTaken(count: number): void
}
