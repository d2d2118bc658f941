/**
 * Blocks of the arena and their limits: the layout is drawn in `../assembly/block.ts`.
 *
 * TypeScript and AssemblyScript both compile the files of this folder. So a constant has a number and no type
 * annotation, which the two languages would spell differently.
 */

/** Blocks begin and end at multiples of 2^unitBits bytes, and their addresses count in these units. */
export const unitBits = 4
export const headerBytes = 32

/** Sides per row. */
export const sidesMax = 16
/** Bytes of a canonical key, and the mask that takes its length out of the word of a head. */
export const keyBytesLimit = 0xffff

/** Source partitions of one topology are numbered with this many bits. */
export const partitionBits = 20
/** Takes the partition out of a word that has the side above it. */
export const partitionMask = 0xfffff

/** Timestamps have 53 bits with their sign; the high ones share a word with the high ones of the offset. */
export const timestampHighBits = 21

// Flags, in the word of side and partition.
export const keyIsNumber = 1 << 24
/** The record wrote its key otherwise than canonically, and the block keeps that spelling. */
export const respelled = 2 << 24
/** No part, but a completed key, whose number is in place of the offset. */
export const remembered = 4 << 24

/** Takes the length of a part out of its word, whose highest bit says that the part has a tail. */
export const partLengthMask = 0x7fffffff
/** Before what a tail carries: how many parts a list has, and the length of the headers, in a word each. */
export const tailHeadBytes = 8

/** Parts of one list in a row, at most: a list is counted by walking over the parts of its row. */
export const listPartsMax = 1000
/** In place of the number of parts that a list has: another side tells it. */
export const toldByOther = -1
