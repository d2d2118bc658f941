/** What the encoder of offsets leaves to TypeScript. */

/** Takes a piece over, of so many bytes. */
export declare function piece(length: u32): void
