/** Shards of a table, at most: as many as a program has threads. */
export const shardsMax = 64

/** The side of a row whose key is another shard's. */
export const sideElsewhere = -2

/** Bytes between what is cut out for one shard and for the next, because copies write beyond their end. */
export const cutGapBytes = 16
