import { MillraceError } from '../../core/errors.ts'

/** @param what - What was asked for, as a verb. */
export function layoutUnsupported(app: string, what: string): MillraceError {
  const text = `"${app}" is in the layout "keyed" or "routed", for which there is no ${what} yet`
  return new MillraceError('LAYOUT_UNSUPPORTED', text, { app })
}
