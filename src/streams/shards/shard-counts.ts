/** Counters of an epoch by source partition, by their names. */
export type ShardCounts = Readonly<
  Record<'emitted' | 'duplicate' | 'deadLettered' | 'expired' | 'filtered' | 'superseded', Float64Array>
>

/** Those of an epoch of which nothing is counted. */
export function noShardCounts(partitionCount: number): ShardCounts {
  const zeros = () => new Float64Array(partitionCount)
  return {
    emitted: zeros(),
    duplicate: zeros(),
    deadLettered: zeros(),
    expired: zeros(),
    filtered: zeros(),
    superseded: zeros(),
  }
}
