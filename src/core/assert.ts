/**
 * Assertions for programmer errors: what they check can only be false when Millrace itself is wrong, so a failure
 * crashes the actor and its supervisor decides. Operating errors are `MillraceError`s instead.
 */

/** Throws when `condition` is false; `message` says which invariant was broken. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`)
}
