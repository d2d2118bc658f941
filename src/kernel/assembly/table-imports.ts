/** What the table leaves to TypeScript. */

/** Takes the records of a batch over, from `start` to `end`. */
export declare function filled(
  partition: u32,
  start: usize,
  end: usize,
  count: u32,
  baseTimestamp: f64,
  maxTimestamp: f64,
): void

/** A row is not published; its parts are still there. */
export declare function refused(head: u32, reason: u32): void

/** A row leaves incomplete; its parts are still there. */
export declare function expired(head: u32): void

/** A row leaves as a merge without optional sides; returns its outcome. Its parts are still there. */
export declare function merged(head: u32): i32

/**
 * A merged record is to be published, which `row` has completed: key, value, headers with their count, and those that a
 * part has carried, one after the other, and the greatest and the least timestamp of its parts; returns its outcome.
 */
export declare function handed(
  row: u32,
  key: usize,
  value: usize,
  headers: usize,
  carried: usize,
  end: usize,
  greatestMs: f64,
  leastMs: f64,
): i32

/**
 * So many merges, between two places, of which a part carries a trace that is followed: after their records have been
 * written, or before one is handed over. `traced-merges.ts` draws how they are told.
 */
export declare function traced(start: usize, end: usize, count: u32): void

/**
 * A chunk of offsets whose parts became pending or ceased to be: its number, its bits, and by how much more of its
 * parts are pending.
 */
export declare function changed(partition: u32, chunk: u32, bitmap: usize, added: i32, low: u32, high: u32): void

/** Whether the part from there is still pending. */
export declare function pending(partition: u32, offset: f64): u32

/** The task that a source partition is of. */
export declare function taskOf(partition: u32): u32

/** The number of the next key that a task completes; and of the last one, which is taken back. */
export declare function numberNext(task: u32): f64
export declare function numberLast(task: u32): f64

/** Whether the completed key of a task that has this number is forgotten. */
export declare function isNumberForgotten(task: u32, number: f64): bool

/** A row may move out, whose key has this hash in two words; returns whether it does. Its parts are still there. */
export declare function movedOut(head: u32, low: u32, high: u32): bool
