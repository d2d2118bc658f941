/**
 * All state of the table that is not in memory, in one place, because it moves with the memory: `../table-machine.ts`
 * copies these numbers to a new instance when it gives memory back.
 */

/** Segments that the memory has, of which the first holds what is fixed, and those in use. */
export let segmentCount: u32 = 1
export let usedSegments: u32 = 0
/** First of the free pages and of the free chunks, each of which holds the next; and how many pages are free. */
export let freePage: usize = 0
export let freePages: u32 = 0
export let freeChunk: usize = 0

/** The segment that is being filled with blocks, and units in live blocks and copies, and in segments of blocks. */
export let filling: u32 = 0
export let liveUnits: u32 = 0
export let blockUnits: u32 = 0

/** Bits of a hash that choose in the directory, at least 1; slots in use; pages of slots. */
export let depth: u32 = 1
export let slotCount: u32 = 0
export let slotPages: u32 = 0

/** Ends of the logs of the current epoch, and of the copies of blocks that it has. */
export let undoEnd: usize = 0
export let departedEnd: usize = 0
export let copiesEnd: usize = 0

/** The segment that compaction walks, and how far it has come. */
export let walked: u32 = 0
export let walkedUnits: u32 = 0

/** The segment that the sweep has come to, and how far in it. */
export let swept: u32 = 0
export let sweptUnits: u32 = 0

/** The same of the pass over rows that lack optional sides only. */
export let awaited: u32 = 0
export let awaitedUnits: u32 = 0

/** The same of moving rows out. */
export let moved: u32 = 0
export let movedUnits: u32 = 0

/** Seed of the hash. */
export let seedLow: u32 = 0
export let seedHigh: u32 = 0
/** Units that live blocks may have. */
export let unitsMax: u32 = 0
/** Bits of a head that a row has when nothing more can come: all sides, and for a list that it is full. */
export let allSides: u32 = 0
/** Those without which no row is merged. */
export let requiredSides: u32 = 0
/** Sides after which a row is merged without the others; 0 where it waits for all of them. */
export let quorum: u32 = 0
/** Sides of which the last part before the merge counts, and those that are lists of parts, as bit sets. */
export let latestSides: u32 = 0
export let listSides: u32 = 0
/** Whether merges are left to TypeScript, with all of their parts in the table. */
export let mergesStored: u32 = 0
export let duplicateReason: u32 = 0
export let listFullReason: u32 = 0
export let tooLargeReason: u32 = 0
export let refusedTimeReason: u32 = 0
/** 0 where completed keys are not remembered. */
export let completedReason: u32 = 0
/** The merges of completed keys with numbers from this one on may still be refused. */
export let confirmed: f64 = Infinity
/** In its place for sides that are optional. */
export let lateReason: u32 = 0

/** Slots of remembered keys, those included that are forgotten but not swept away. */
export let rememberedSlots: u32 = 0

/** Second parts of a side that were met. */
export let duplicates: u32 = 0

/** Whether parts carry headers into the merged record. */
export let carries: bool = false
/** Whether TypeScript publishes merged records. */
export let isHandedOver: bool = false
/** How merged records look: see `merge.ts`. */
export let sideCount: u32 = 0
export let recordBytesMax: u32 = 0
/** Between these times the sink takes records, and those that bear none. */
export let earliestMs: f64 = -Infinity
export let latestMs: f64 = Infinity
export let partitionCount: u32 = 0
export let batchBytes: u32 = 0
export let openBatches: usize = 0
/** Bytes that may still be written before no more rows are taken, or taken out. */
export let outputRoom: u32 = 0
/** Bytes of the records in open batches. */
export let openBytes: u32 = 0
