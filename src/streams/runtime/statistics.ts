/**
 * What a process has besides records: counted as it goes, over all its terms. Times are of the clock's monotonic kind.
 */
export interface RunStatistics {
  /** When the first fetch was sent, and when the last epoch was committed. */
  firstFetchMs: number
  lastCommitMs: number
  /** Bytes of record batches read, and how many offsets they took. */
  sourceBytes: number
  sourceOffsets: number
  epochs: number
  /** Epochs that were rolled back because something crashed. */
  rollbacks: number
  pendingRowsMax: number
}

export function newStatistics(): RunStatistics {
  return {
    firstFetchMs: 0,
    lastCommitMs: 0,
    sourceBytes: 0,
    sourceOffsets: 0,
    epochs: 0,
    rollbacks: 0,
    pendingRowsMax: 0,
  }
}
