import { checkFunction, checkOptions, checkText } from './topology-checks.ts'

/** A merge key as functions are given it: a BigInt only where integers are asked for as such. */
export type MergeKey = string | number | bigint

/** What functions after the merge are told of how values are given to them. */
export interface MergedOptions {
  /**
   * As what functions are given integers beyond 2^53 - 1, which numbers do not hold exactly: with `bigint` as BigInt,
   * and each BigInt that they make is written as an integer. A record is parsed once for all functions after the merge,
   * so all of them say the same. @defaultValue `number`
   */
  readonly bigIntegers?: 'number' | 'bigint'
}

/** An operator between correlation and sink, as data. */
export interface MergedStep {
  readonly id: string
  /** A filter tells whether a record is published, a map makes another value of it, a flatMap several. */
  readonly kind: 'filter' | 'map' | 'flatMap'
  readonly call: (merged: unknown, key: MergeKey) => unknown
  readonly bigIntegers: 'number' | 'bigint'
}

/** An operator after the merge, checked as far as one can by itself. */
export function mergedStepOf(
  kind: MergedStep['kind'],
  id: string,
  call: unknown,
  options: MergedOptions = {},
): MergedStep {
  checkText(`the id of a ${kind}`, id)
  checkFunction(`what "${id}" ${kind === 'filter' ? 'chooses records by' : 'makes records with'}`, call)
  checkOptions<MergedOptions>(`"${id}"`, options, { bigIntegers: true })
  return { id, kind, call: call as MergedStep['call'], bigIntegers: options.bigIntegers ?? 'number' }
}
