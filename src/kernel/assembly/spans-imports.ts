/** What the writer of spans asks TypeScript, once for each kind of part. */

/** The number that a source partition has in its topic. */
export declare function partitionOf(number: u32): u32

/** Where the template is of parts of a source partition and a side, with offsets of so many bytes. */
export declare function templateOf(number: u32, side: u32, offsetBytes: u32): usize
