/** What the decoder leaves to TypeScript. */

/** Writes the content of a string with its escapes resolved to `to`, with a quote after it; returns its length. */
export declare function unescape(to: usize, start: usize, end: usize): u32
