import type { Api } from '../../protocol/index.ts'

/** A request as a tap sees it. */
export interface TappedRequest {
  readonly api: Api
  readonly request: unknown
}

/**
 * Stands between the connections of a thread and their brokers: it sees each request before it is sent, and decides
 * when that is. Tests inject faults by it.
 */
export interface WireTap {
  /**
   * @param send - Sends the request, at once or later, and calls back when it was handed to the system.
   */
  onRequest(request: TappedRequest, send: (onSent?: () => void) => void): void
  /** The whole answer to a request has come, and is handled next. The request is the same object as before. */
  onAnswer(request: TappedRequest): void
}

let tap: WireTap | undefined

/** Has all connections of this thread tapped, those that are open too; without a tap, none. */
export function tapWires(newTap: WireTap | undefined): void {
  tap = newTap
}

/** The tap of this thread. */
export function currentTap(): WireTap | undefined {
  return tap
}
