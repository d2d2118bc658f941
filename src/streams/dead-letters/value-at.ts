import type { FieldPath } from '../../kernel/index.ts'

/** What stands at a path, if it is there. */
export function valueAt(value: unknown, path: FieldPath): unknown {
  let at = value
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    if (Array.isArray(at) !== (typeof name === 'number')) return undefined
    at = Reflect.get(at, name)
  }
  return at
}
