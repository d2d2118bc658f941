import type { DownNotice } from '../actor/monitor.ts'
import type { Exit, ExitReason } from '../supervision/exit-reason.ts'
import type { WireExit, WireNotice, WireReason } from './frames.ts'
import { decodeError, encodeError } from './wire-error.ts'

export function encodeReason(reason: ExitReason): WireReason {
  return reason.kind === 'crashed' ? { kind: 'crashed', error: encodeError(reason.error) } : reason
}

export function decodeReason(reason: WireReason): ExitReason {
  return reason.kind === 'crashed' ? { kind: 'crashed', error: decodeError(reason.error) } : reason
}

export function encodeNotice(notice: DownNotice): WireNotice {
  return { ...notice, reason: encodeReason(notice.reason) }
}

export function decodeNotice(notice: WireNotice): DownNotice {
  return { ...notice, reason: decodeReason(notice.reason) }
}

export function encodeExit({ reason, isCounted, isEscalated }: Exit): WireExit {
  return { reason: encodeReason(reason), isCounted, isEscalated }
}

export function decodeExit(exit: WireExit): Exit {
  return { ...exit, reason: decodeReason(exit.reason) }
}
