/** What becomes of the chosen dead letters of one reason, in records: a row that expired may have had several. */
export interface RedrivenReason {
  readonly reason: string
  readonly letters: number
  /** That are redriven by this request, or would be. */
  readonly redriven: number
  /** That an earlier request has redriven. */
  readonly alreadyRedriven: number
  /** By reference, whose record is gone from the source. */
  readonly gone: number
  /**
   * Of a source with a flatMap, by a version of Millrace that did not say whether they died before it: they are left
   * alone, because their records would be made once more of which others have been merged.
   */
  readonly ofFlatMaps: number
  /** From before the application was reset, or of a source that it does not read any more. */
  readonly foreign: number
}

/** What a request to redrive dead letters has done, or would do. */
export interface RedriveReport {
  readonly app: string
  /** Most letters first. */
  readonly reasons: readonly RedrivenReason[]
  /** Records that are redriven, or would be. */
  readonly redriven: number
  /** Whether nothing was written. */
  readonly isDryRun: boolean
  /** Whether a process of the application runs, which reads them soon; else its next start does. */
  readonly isRunning: boolean
  /** Of the subtopology that reads the merged records; absent where none does, or it has not committed an epoch yet. */
  readonly next?: RedriveReport
}
