import { kindOf } from '../../core/kind-of.ts'
import { deadLetterReasons, noSide, Reason, type RecordColumns, type RowKeys } from '../../kernel/index.ts'
import type { RecordTables } from '../tables/record-tables.ts'
import type { PartitionPlace } from '../topics/source-partitions.ts'
import type { Side } from '../topology/plan-sides.ts'
import type { FunctionValues } from './function-values.ts'
import { viewOf } from './record-view.ts'
import { isThenable, messageOf, refusePromise, type RowFunction } from './row-function.ts'

/** What the functions that make the keys of a source know of a batch. */
export interface KeyFacts {
  readonly operator: string
  readonly sides: readonly Side[]
  readonly values: FunctionValues
  readonly keys: RowKeys
  /** Which partition the batch is of. */
  readonly place: PartitionPlace
  /** Those that functions get at; absent where the program has none. */
  readonly tables: RecordTables | undefined
}

/** The records of a batch whose merge key a function makes, once their side is known. */
export class KeyRows implements RowFunction {
  readonly columns: RecordColumns
  readonly #facts: KeyFacts

  constructor(facts: KeyFacts, columns: RecordColumns) {
    this.#facts = facts
    this.columns = columns
  }

  concerns(row: number): boolean {
    const side = this.columns.side[row]!
    return side !== noSide && this.#facts.sides[side]!.key.kind === 'keyFunction'
  }

  ask(row: number): unknown {
    const { operator, sides, values, place, tables } = this.#facts
    const { key } = sides[this.columns.side[row]!]!
    if (key.kind !== 'keyFunction') return undefined
    const made: unknown = key.make(values.parse(this.columns, row), viewOf(this.columns, row, place, tables))
    if (isThenable(made)) refusePromise(operator, made)
    return made
  }

  accept(row: number, key: unknown): void {
    const { columns } = this
    if (key === undefined || key === null) {
      return columns.refuse(row, Reason.KEY_MISSING, `the function of the merge key returned ${key}`)
    }
    if (typeof key !== 'string' && !(typeof key === 'number' && Number.isFinite(key))) {
      const cause = `the function of the merge key returned ${kindOf(key)}, where a string or a number belongs`
      return columns.refuse(row, Reason.KEY_TYPE, cause)
    }
    const status = this.#facts.keys.keep(columns, row, key)
    if (status !== 0) columns.refuse(row, status, deadLetterReasons[status]!.text)
  }

  giveUp(row: number, cause: unknown): void {
    this.columns.refuse(row, Reason.KEY_FAILED, messageOf(cause))
  }
}
