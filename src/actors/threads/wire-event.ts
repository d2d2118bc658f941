import { assert } from '../../core/assert.ts'
import type { ActorMessage, ActorRef } from '../actor/ref.ts'
import type { SystemEvent } from '../system/events.ts'
import type { Sent, WireEvent } from './frames.ts'
import { decode, encode } from './sendable.ts'
import { decodeError, encodeError } from './wire-error.ts'
import { decodeReason, encodeReason } from './wire-reason.ts'

export function encodeEvent(event: SystemEvent): WireEvent {
  assert(event.type !== 'supervisorEscalated', 'supervisors live on the main thread')
  if (event.type === 'childCrashed')
    return { ...event, error: encodeError(event.error), message: messageOf(event.message, event.path) }
  if (event.type === 'childStopped') return { ...event, reason: encodeReason(event.reason) }
  return event
}

export function decodeEvent(event: WireEvent, refOf: (path: string) => ActorRef<ActorMessage>): SystemEvent {
  if (event.type === 'childCrashed')
    return {
      ...event,
      error: decodeError(event.error),
      message: event.message && decode(event.message, refOf),
    }
  if (event.type === 'childStopped') return { ...event, reason: decodeReason(event.reason) }
  return event
}

/** The message of a crash as far as it crosses: a question has a `reply`, and a thread's own may have anything. */
function messageOf(message: unknown, path: string): Sent | undefined {
  if (typeof message !== 'object' || message === null) return undefined
  const { reply: _, ...rest } = message as { reply?: unknown }
  try {
    const { value, replaced } = encode(rest, path)
    return { value: structuredClone(value), replaced }
  } catch {
    return { value: { type: (message as ActorMessage).type }, replaced: undefined }
  }
}
