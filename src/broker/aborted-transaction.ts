/** An aborted transaction of one partition, as readers have to know it. */
export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  /** Where the marker stands. */
  readonly lastOffset: number
}
