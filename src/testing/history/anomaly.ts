/**
 * What must not happen, by the names that Adya gave them.
 *
 * | kind | what it is |
 * |---|---|
 * | `G0` | a circle of transactions each of which has written over the one before (dirty write) |
 * | `G1a` | a read of what an aborted transaction wrote |
 * | `G1b` | a read of what a transaction wrote over itself later |
 * | `G1c` | a circle of transactions that have written over, or read, what the one before wrote |
 * | `G-single` | the same with one that has read what the next one wrote over: lost update, read skew |
 * | `G2` | the same with several of those: write skew |
 * | `internal` | a transaction does not read its own writes, or the same list twice |
 * | `duplicate` | an element is in a list twice: one append has been applied more than once |
 * | `order` | two reads of a list contradict each other: neither begins with the other |
 * | `stale` | a list is not linearizable: a transaction does not see what was committed before it began |
 *
 * @see Adya, "Weak consistency" (1999); Kingsbury and Alvaro, "Elle: inferring isolation anomalies from experimental
 * observations" (2020)
 */
export type AnomalyKind =
  | 'G0'
  | 'G1a'
  | 'G1b'
  | 'G1c'
  | 'G-single'
  | 'G2'
  | 'internal'
  | 'duplicate'
  | 'order'
  | 'stale'

/** Something in a history that contradicts serializability, or that a list is linearizable. */
export interface Anomaly {
  readonly kind: AnomalyKind
  /** Places in the history: of a circle in its order, else of those that contradict each other. */
  readonly transactions: readonly number[]
  /** What each has to do with the next one. */
  readonly text: string
}
