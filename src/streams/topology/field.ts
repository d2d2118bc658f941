import { TopologyError } from '../../core/errors.ts'

/** A place in a JSON value: own properties from the outside in. */
export interface Field {
  readonly kind: 'field'
  readonly path: readonly string[]
}

/**
 * Names a field of the record: `field('a.b')` is the property `b` of the property `a`, `field(['a.b'])` one property
 * whose name has a dot. It is found in the bytes, without parsing them, with the semantics of `JSON.parse`.
 *
 * @throws TopologyError `TOPOLOGY_INVALID` for an empty path.
 */
export function field(path: string | readonly string[]): Field {
  const names = typeof path === 'string' ? path.split('.') : [...path]
  if (names.length === 0 || (typeof path === 'string' && names.includes(''))) {
    throw new TopologyError('TOPOLOGY_INVALID', `field(${JSON.stringify(path)}) names no property`, {})
  }
  return { kind: 'field', path: names }
}
