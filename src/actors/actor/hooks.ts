import type { ExitReason } from '../supervision/exit-reason.ts'
import type { ActorDefinition } from './actor.ts'
import type { Incarnation } from './incarnation.ts'

/** Runs `onStop` once the handler at work has finished, and tells why the incarnation ended after all. */
export async function runStopHook(
  definition: ActorDefinition,
  path: string,
  life: Incarnation,
  cause: ExitReason,
): Promise<ExitReason> {
  await life.atWork
  if (!life.hasState || life.phase === 'over') return cause
  try {
    await definition.onStop?.(life.state, cause, life.context)
    return cause
  } catch (error) {
    if (cause.kind !== 'crashed') return { kind: 'crashed', error }
    return { kind: 'crashed', error: new SuppressedError(error, cause.error, `${path}: onStop failed after a crash`) }
  }
}

/** Whether a crash counts against the restart intensity; it does when the actor fails to say so. */
export function countsAgainstIntensity(definition: ActorDefinition, error: unknown): boolean {
  try {
    return definition.countsAgainstIntensity?.(error) ?? true
  } catch {
    return true
  }
}
