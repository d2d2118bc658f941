/**
 * Versions of rows in a table of transactions: the layout is drawn in `../assembly/version.ts`.
 *
 * TypeScript and AssemblyScript both compile the files of this folder. So a constant has a number and no type
 * annotation, which the two languages would spell differently.
 */

/** Before the key of a version. */
export const versionHeaderBytes = 24

/** Bytes that a key may have. */
export const rowKeyBytesMax = 4096

/** Threads that may use a table, that of the table included. */
export const threadsMax = 64

/** In place of an address, of which no row is: a search of another thread was torn by a change. */
export const TORN = 1

// What settling a version has done: bits.
/** The version before has been kept for somebody who reads it. */
export const KEPT = 1
/** The row is deleted, and kept for those who read versions before. */
export const TOMBSTONE = 2
/** The row was there before. */
export const REPLACED = 4
