import { kindOf } from '../../core/kind-of.ts'
import { type FieldPath, Reason } from '../../kernel/index.ts'
import { pathText } from '../topology/field.ts'
import type { Side } from '../topology/plan-sides.ts'
import { valueAt } from './value-at.ts'

/** What a reason says of a field of the value. */
interface FieldReason {
  /** Whose field it is. */
  readonly of: string
  /** What is wrong with it where it is there. */
  readonly fault: string
  /** Undefined where the reason is about something else. */
  readonly pathIn: (side: Side) => FieldPath | undefined
}

const fieldReasons: ReadonlyMap<number, FieldReason> = new Map([
  [
    Reason.PART_MISSING,
    { of: 'part', fault: 'is missing', pathIn: ({ part }) => (part.kind === 'field' ? part.path : undefined) },
  ],
  [
    Reason.KEY_MISSING,
    { of: 'merge key', fault: 'is missing', pathIn: ({ key }) => ('path' in key ? key.path : undefined) },
  ],
  [
    Reason.KEY_TYPE,
    {
      of: 'merge key',
      fault: 'is neither a string nor a number',
      // What is converted to a number may well be a string.
      pathIn: ({ key }) => (key.kind === 'field' ? key.path : undefined),
    },
  ],
])

/** Whether a reason may be about a field. */
export function isOfField(reason: number): boolean {
  return fieldReasons.has(reason)
}

/**
 * Says of a dead letter which field it is for, and what stands there.
 *
 * @param sides - Those that the record may be of.
 * @returns Undefined where it is for something else, or where these sides have the field in several places.
 */
export function fieldCause(reason: number, sides: readonly Side[], value: unknown): string | undefined {
  const { of, fault, pathIn } = fieldReasons.get(reason)!
  const [path, ...others] = sides.map(pathIn)
  if (path === undefined) return undefined
  const name = pathText(path)
  if (others.some((other) => other === undefined || pathText(other) !== name)) return undefined
  const field = `the field ${JSON.stringify(name)} of the ${of}`
  const seen = valueAt(value, path)
  return seen === undefined ? `${field} is missing` : `${field} ${fault}: it is ${kindOf(seen)}`
}
