import { noSide, Reason, type RecordColumns } from '../../kernel/index.ts'
import { stageNames, unknownStage } from '../dead-letters/dead-letter-cause.ts'
import type { RecordTables } from '../tables/record-tables.ts'
import type { PartitionPlace } from '../topics/source-partitions.ts'
import type { Plan, PlannedSource } from '../topology/plan.ts'
import type { FunctionValues } from './function-values.ts'
import { viewOf } from './record-view.ts'
import type { RouteFunction } from '../topology/source.ts'
import { alreadySettled, isThenable, messageOf, refusePromise, type RowFunction } from './row-function.ts'

/** What the function of a route, and those who report of it, know of a batch. */
interface RouteFacts {
  readonly plan: Plan
  readonly source: PlannedSource
  readonly choose: RouteFunction<string>
  readonly values: FunctionValues
  /** Which partition the batch is of. */
  readonly place: PartitionPlace
  /** Those that functions get at; absent where the program has none. */
  readonly tables: RecordTables | undefined
}

/** The records of a batch, each of which a function gives a side. */
export class RouteRows implements RowFunction {
  readonly columns: RecordColumns
  readonly #facts: RouteFacts
  readonly #sides: ReadonlyMap<unknown, number>

  constructor(facts: RouteFacts, columns: RecordColumns) {
    const { plan, source } = facts
    this.#facts = facts
    this.columns = columns
    this.#sides = new Map(source.sides.map((side) => [plan.sides[side]!.name, side]))
  }

  concerns(row: number): boolean {
    const { side, reason, valueStart } = this.columns
    side[row] = noSide
    if (this.#facts.source.isPrepared && this.columns.hasLeft(row)) return false
    reason[row] = 0
    return valueStart[row]! >= 0
  }

  ask(row: number): unknown {
    const { choose, values, place, tables } = this.#facts
    const value = values.parseOrUndefined(this.columns, row)
    // The decoder finds the same and knows the reason.
    if (value === undefined) return alreadySettled
    const name: unknown = choose(value, viewOf(this.columns, row, place, tables))
    if (isThenable(name)) refusePromise(this.#facts.source.route.id, name)
    return name
  }

  accept(row: number, name: unknown): void {
    const side = this.#sides.get(name)
    this.columns.side[row] = side ?? noSide
    if (side !== undefined) return
    const { plan, source } = this.#facts
    const cause = unknownStage('the function of the route has named', name, stageNames(plan, source))
    this.columns.causes.set(row, cause)
  }

  giveUp(row: number, cause: unknown): void {
    this.columns.refuse(row, Reason.ROUTE_FAILED, messageOf(cause))
  }
}
