/** The keys that an epoch has completed in a shard, in their order. */
export interface CompletedInShard {
  readonly count: number
  /** As `encodeKeys` has made them. */
  readonly bytes: Uint8Array
}
