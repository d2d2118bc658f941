/**
 * Why one incarnation of an actor, or a whole system, ended.
 * - `normal`: it asked for it, with `context.stop()`;
 * - `shutdown`: its supervisor stopped it;
 * - `killed`: it did not stop within `shutdownMs`, so it was given up;
 * - `crashed`: `error` is what it threw, rejected with, or what its supervisor gave up over.
 */
export type ExitReason =
  | { readonly kind: 'normal' }
  | { readonly kind: 'shutdown' }
  | { readonly kind: 'killed' }
  | { readonly kind: 'crashed'; readonly error: unknown }

/** What a supervisor must know of a child that ended by itself. */
export interface Exit {
  readonly reason: ExitReason
  /** Whether a restart is entered in the supervisor's budget and waits for its backoff. */
  readonly isCounted: boolean
  /** Whether the supervisor must fail instead of restarting. */
  readonly isEscalated: boolean
  /** What ended several children at once, and counts once; `undefined` where it was its own doing. */
  readonly fault?: object | undefined
}
