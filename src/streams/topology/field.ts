import { TopologyError } from '../../core/errors.ts'

/** A place in a JSON value: own properties from the outside in. */
export interface Field {
  readonly kind: 'field'
  readonly path: readonly string[]
  /** The same as a merge key that is a string: a number counts as its digits. */
  asString(): ConvertedField
  /** The same as a merge key that is a number: a string counts as the number that it spells in JSON. */
  asNumber(): ConvertedField
}

/**
 * A field as merge key whose value counts as a string, or as a number: so that 17 in the records of one side meets
 * "17" in those of another. `Field.asString` and `Field.asNumber` make it.
 */
export interface ConvertedField {
  readonly kind: 'convertedField'
  readonly path: readonly string[]
  readonly as: 'string' | 'number'
}

class FieldPath implements Field {
  readonly kind = 'field'
  readonly path: readonly string[]

  constructor(path: readonly string[]) {
    this.path = path
  }

  asString(): ConvertedField {
    return { kind: 'convertedField', path: this.path, as: 'string' }
  }

  asNumber(): ConvertedField {
    return { kind: 'convertedField', path: this.path, as: 'number' }
  }
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
  return new FieldPath(names)
}
