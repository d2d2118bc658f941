import type { ExitReason } from '../supervision/exit-reason.ts'

/**
 * What a watcher learns. Each incarnation that goes down gives one `down`, and an actor that will not come back gives
 * one `ended` after its last.
 */
export interface DownNotice {
  readonly kind: 'down' | 'ended'
  readonly path: string
  /** The number of its latest incarnation; 0 when it ended before its first. */
  readonly incarnation: number
  readonly reason: ExitReason
}

/** A watch that is kept until cancelled, or until the watched actor ended; cancelling twice does nothing. */
export interface Monitor {
  cancel(): void
}
