import { MillraceError } from '../../core/errors.ts'

/** What supervisors could not mend, from within the errors that say so. */
export function rootCause(error: unknown): unknown {
  if (!MillraceError.is(error) || error.cause === undefined) return error
  return error.code === 'ACTOR_RESTARTS_EXCEEDED' || error.code === 'ACTOR_START_FAILED'
    ? rootCause(error.cause)
    : error
}
