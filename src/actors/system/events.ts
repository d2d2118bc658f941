import type { ExitReason } from '../supervision/exit-reason.ts'

/**
 * What happened to an actor or supervisor, told to `onEvent` as it happens. Each incarnation of an actor gives one
 * `childStarted` (the first) or `childRestarted` (the others) once it is up, and one `childCrashed` or `childStopped`
 * once it is down; if its `init` fails, only the latter.
 */
export type SystemEvent =
  | { readonly type: 'childStarted' | 'childRestarted'; readonly path: string; readonly incarnation: number }
  | {
      readonly type: 'childCrashed'
      readonly path: string
      readonly incarnation: number
      readonly error: unknown
      /** The message that was being handled; `undefined` when `init` or `onStop` failed. */
      readonly message: unknown
      /** `false` when the actor said that the crash does not count against the restart intensity. */
      readonly isCounted: boolean
    }
  | { readonly type: 'childStopped'; readonly path: string; readonly incarnation: number; readonly reason: ExitReason }
  | { readonly type: 'supervisorEscalated'; readonly path: string; readonly error: unknown }

/**
 * Calls a listener of the user's. One that throws is a fault of the program around the system: it surfaces as an
 * uncaught exception, and the supervision that is under way goes on unharmed.
 */
export function notify<Notice>(listener: (notice: Notice) => void, notice: Notice): void {
  try {
    listener(notice)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
