/** The thread that a message came from. */
export interface Origin {
  /** Whether it keeps the message until that is done with here: should this thread end, the message is not lost. */
  readonly isKept: boolean
  /** Its handler begins. */
  onOpened(): void
  /** It is done with, or has become a part of what the actor knows. */
  onTaken(): void
}
