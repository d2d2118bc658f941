import { StateError } from '../core/errors.ts'
import { kindOf } from '../core/kind-of.ts'
import type { KeyCodec } from './codec.ts'
import type { Range, ScanOptions } from './range.ts'

/** A scan whose bounds are safe from later changes. */
export interface CapturedScan<Key> {
  readonly range: Range<Key>
  readonly isReverse: boolean
  /** `Infinity` where there is none. */
  readonly limit: number
}

interface Named {
  readonly name: string
}

interface Scanned<Key> extends Named {
  readonly keys: KeyCodec<Key>
  readonly isOrdered: boolean
}

const bounds = ['from', 'after', 'to', 'before'] as const
const scanOptions = [...bounds, 'reverse', 'limit']

/** @throws STATE_RANGE_INVALID, and STATE_TABLE_UNORDERED where bounds, or a direction, mean nothing. */
export function capturedScan<Key>(
  rows: Scanned<Key>,
  { reverse = false, limit = Infinity, ...range }: ScanOptions<Key>,
): CapturedScan<Key> {
  checkBounds(rows, range, scanOptions)
  if (typeof reverse !== 'boolean') throw invalid(rows, 'reverse is neither true nor false')
  if (limit !== Infinity && (!Number.isInteger(limit) || limit < 0))
    throw invalid(rows, `limit ${String(limit)} is no number of rows`)
  const given = bounds.filter((name) => range[name] !== undefined)
  if ((reverse || given.length > 0) && !rows.isOrdered) {
    const message = `table ${rows.name} has no order: declare it as ordered, or scan all of it`
    throw new StateError('STATE_TABLE_UNORDERED', message, { table: rows.name })
  }
  const captured = given.map((name) => [name, rows.keys.capture(range[name] as Key)] as const)
  return { range: Object.fromEntries(captured), isReverse: reverse, limit }
}

/** @throws STATE_RANGE_INVALID where a range of numbers is none. */
export function checkRange(rows: Named, range: Range<number>): void {
  checkBounds(rows, range, bounds)
  for (const name of bounds) {
    const bound: unknown = range[name]
    if (bound !== undefined && (typeof bound !== 'number' || Number.isNaN(bound)))
      throw invalid(rows, `${name} is ${kindOf(bound)} where a number belongs`)
  }
}

/** The first ones, without asking for another one after the last. */
export function* firstOf<Item>(items: Iterable<Item>, count: number): Generator<Item, void> {
  if (count === 0) return
  let remaining = count
  for (const item of items) {
    yield item
    if (--remaining === 0) return
  }
}

function checkBounds(rows: Named, range: Range<unknown>, known: readonly string[]): void {
  const unknown = Object.keys(range).find((name) => !known.includes(name))
  if (unknown !== undefined) throw invalid(rows, `there is no ${unknown}, but ${known.join(', ')}`)
  for (const [one, other] of [
    ['from', 'after'],
    ['to', 'before'],
  ] as const) {
    if (range[one] !== undefined && range[other] !== undefined)
      throw invalid(rows, `${one} and ${other} are both given`)
  }
}

function invalid({ name }: Named, problem: string): StateError {
  return new StateError(
    'STATE_RANGE_INVALID',
    `rows of table ${name} were asked for by a range that is none: ${problem}`,
    {
      table: name,
    },
  )
}
