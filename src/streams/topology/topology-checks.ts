import { TopologyError } from '../../core/errors.ts'
import { adviceOn } from '../../core/closest-name.ts'
import { kindOf } from '../../core/kind-of.ts'

/** Fails for what is neither a field nor a function. @param what - What it is for, such as `the part of a stage`. */
export function checkFieldOrFunction(what: string, value: unknown): void {
  if (isKind(value, 'field') || typeof value === 'function') return
  throw invalid(`${what} is ${kindOf(value)}, where a field belongs, such as field("stage"), or a function`)
}

/** Fails for what is no field. */
export function checkField(what: string, value: unknown): void {
  if (!isKind(value, 'field')) throw invalid(`${what} is ${kindOf(value)}, where a field belongs, such as field("at")`)
}

/** Fails for what a route cannot go by. */
export function checkRouteBy(what: string, value: unknown): void {
  if (['field', 'header', 'recordKey'].some((kind) => isKind(value, kind)) || typeof value === 'function') {
    const { kind, as } = value as { readonly kind?: unknown; readonly as?: unknown }
    if (as === undefined || as === 'text') return
    throw invalid(`${what} is a ${String(kind)} as ${JSON.stringify(as)}, where one as "text" belongs`)
  }
  throw invalid(
    `${what} is ${kindOf(value)}, where a field belongs, such as field("stage"), a header or recordKey(), or a function`,
  )
}

/** Fails for what is no function. */
export function checkFunction(what: string, value: unknown): void {
  if (typeof value !== 'function') throw invalid(`${what} is ${kindOf(value)}, where a function belongs`)
}

/** Fails for what values cannot be decoded by. */
export function checkDecoding(source: string, value: unknown): void {
  if (value === undefined || typeof value === 'function' || isKind(value, 'decoding')) return
  throw invalid(
    `decode of ${source} is ${kindOf(value)}, where a decoding belongs, such as confluentJson(), or a function`,
  )
}

export function checkBigIntegers(source: string, value: unknown): void {
  if (value === 'number' || value === 'bigint') return
  throw invalid(`bigIntegers of ${source} is ${kindOf(value)}, where "number" or "bigint" belongs`)
}

const keyKinds: readonly string[] = ['field', 'convertedField', 'recordKey', 'header']

/** Fails for a key that is none. @param what - What it is for, such as `the key of "by-id"`. */
export function checkKey(what: string, value: unknown): void {
  if (keyKinds.some((kind) => isKind(value, kind)) || typeof value === 'function') return
  throw invalid(
    `${what} is ${kindOf(value)}, where a field belongs, such as field("id"), or recordKey() or header("id")`,
  )
}

/** Whether a value is an object with something by name, and no key itself. */
export function isByName(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('kind' in value)
}

export function checkStages(what: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) {
    throw invalid(`the stages of ${what} are ${kindOf(value)}, where an object of stages by name belongs`)
  }
  for (const [name, stage] of Object.entries(value)) {
    if (!isKind(stage, 'stage')) {
      throw invalid(`stage "${name}" of ${what} is ${kindOf(stage)}, where a stage belongs, such as stage({ part })`)
    }
  }
}

/** Fails for what is no object. @param what - Such as `the options of "by-id"`. */
export function checkObject(what: string, value: unknown): asserts value is object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return
  throw invalid(`${what} are ${kindOf(value)}, where an object belongs`)
}

/** The name of each option: the type has all of them, and no others. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>

/** Fails for options that are no object, or have a name that is none of an option: it would be without effect. */
export function checkOptions<Options>(what: string, value: unknown, names: OptionNames<Options>): void {
  checkObject(`the options of ${what}`, value)
  for (const name of Object.keys(value)) {
    if (Object.hasOwn(names, name)) continue
    throw invalid(`${name} is not an option of ${what}; ${adviceOn(name, Object.keys(names)).advice}`)
  }
}

export function checkNames(what: string, value: unknown): void {
  if (Array.isArray(value) && value.every((name) => typeof name === 'string')) return
  throw invalid(`${what} is ${kindOf(value)}, where a list of names of stages belongs`)
}

export function checkText(what: string, value: unknown): void {
  if (typeof value === 'string') return
  throw invalid(`${what} is ${kindOf(value)}, where a text belongs`)
}

export function isKind(value: unknown, kind: string): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind
}

export function invalid(what: string): TopologyError {
  return new TopologyError('TOPOLOGY_INVALID', what, {})
}

/** Fails for a topology whose parts do not go together. */
export function refuse(topology: string, what: string): never {
  throw new TopologyError('TOPOLOGY_INVALID', `topology "${topology}": ${what}`, { topology })
}
