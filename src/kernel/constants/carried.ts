/**
 * In the first byte of what a part carries, beside the number of its headers: the merge is told to whoever follows
 * traces.
 */
export const TRACED = 0x80
