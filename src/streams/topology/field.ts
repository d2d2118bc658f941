import { TopologyError } from '../../core/errors.ts'
import type { FieldPath } from '../../kernel/index.ts'

/** Greatest index of an element. */
const indexMax = 2 ** 31 - 1

/** A place in a JSON value: own properties, and elements of arrays by their index, from the outside in. */
export interface Field {
  readonly kind: 'field'
  readonly path: FieldPath
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
  readonly path: FieldPath
  readonly as: 'string' | 'number'
}

class FieldPathOf implements Field {
  readonly kind = 'field'
  readonly path: FieldPath

  constructor(path: FieldPath) {
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
 * whose name has a dot. `field('items[0].id')`, or `field(['items', 0, 'id'])`, is the property `id` of the first element
 * of an array. It is found in the bytes, without parsing them, with the semantics of `JSON.parse`.
 *
 * @throws TopologyError `TOPOLOGY_INVALID` for an empty path.
 */
export function field(path: string | FieldPath): Field {
  const steps = typeof path === 'string' ? stepsOf(path) : [...path]
  if (typeof steps[0] !== 'string' || !steps.every(isStep)) {
    throw new TopologyError(
      'TOPOLOGY_INVALID',
      `field(${JSON.stringify(path)}) names no property; in a list, a name may have dots and brackets`,
      {},
    )
  }
  return new FieldPathOf(steps)
}

/** A property, and after it the indexes of elements. */
const property = /^([^[\]]+)((?:\[\d+\])*)$/

/** The steps of a path as it is written; none where it is none. */
function stepsOf(path: string): FieldPath {
  const steps: (string | number)[] = []
  for (const each of path.split('.')) {
    const [, name, indexes = ''] = property.exec(each) ?? []
    if (name === undefined) return []
    steps.push(name, ...Array.from(indexes.matchAll(/\d+/g), ([index]) => Number(index)))
  }
  return steps
}

function isStep(step: unknown): boolean {
  return (
    typeof step === 'string' || (Number.isSafeInteger(step) && (step as number) >= 0 && (step as number) <= indexMax)
  )
}

/** A path as a person writes it. */
export function pathText(path: FieldPath): string {
  return path.map((step, place) => (typeof step === 'number' ? `[${step}]` : place === 0 ? step : `.${step}`)).join('')
}
