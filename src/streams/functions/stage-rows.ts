import type { StandardSchemaV1 } from '@standard-schema/spec'
import { MillraceError } from '../../core/errors.ts'
import { Reason, type RecordColumns, rowFlags } from '../../kernel/index.ts'
import { computedPartOf } from '../retention/promotable-part.ts'
import type { RecordTables } from '../tables/record-tables.ts'
import type { PartitionPlace, SourcePartitions } from '../topics/source-partitions.ts'
import type { Side } from '../topology/plan-sides.ts'
import { viewOf } from './record-view.ts'
import type { RowBatch } from '../runtime/row-batch.ts'
import { alreadySettled, isThenable, messageOf, type RowFunction } from './row-function.ts'
import type { FunctionValues } from './function-values.ts'

/** A side, as far as its stage makes parts. */
interface StageSide extends Pick<Side, 'name'> {
  readonly stage: Pick<Side['stage'], 'part' | 'schema'>
}

/** What all batches of a stage have in common. */
export interface StageFacts {
  readonly side: StageSide
  readonly sideIndex: number
  readonly partitions: Pick<SourcePartitions, 'placeOf'>
  readonly values: FunctionValues
  /** Those that functions get at; absent where the program has none. */
  readonly tables: RecordTables | undefined
}

/** The rows of one side in a batch, whose parts its function makes, or which its schema checks. */
export class StageRows implements RowFunction {
  readonly columns: RecordColumns
  readonly #side: StageSide
  readonly #sideIndex: number
  readonly #place: PartitionPlace
  readonly #values: FunctionValues
  readonly #tables: RecordTables | undefined
  /** Its records may bring their parts with them. */
  readonly #isPromoted: boolean

  constructor(
    { side, sideIndex, partitions, values, tables }: StageFacts,
    batch: Pick<RowBatch, 'columns' | 'isPromoted'>,
  ) {
    this.columns = batch.columns
    this.#side = side
    this.#sideIndex = sideIndex
    this.#place = partitions.placeOf(batch.columns.partition)
    this.#values = values
    this.#tables = tables
    this.#isPromoted = batch.isPromoted
  }

  concerns(row: number): boolean {
    if (this.columns.side[row] !== this.#sideIndex) return false
    const made = this.#isPromoted ? computedPartOf(this.columns, row) : undefined
    if (made !== undefined) this.#keep(row, made)
    return made === undefined
  }

  ask(row: number): unknown {
    const { schema, part } = this.#side.stage
    // A stage that was restarted has made some of them.
    if (typeof part === 'function' && this.columns.partStart[row]! >= 0) return alreadySettled
    let value = this.#values.parse(this.columns, row)
    if (schema !== undefined) {
      const result = validate(schema, value, this.#side.name)
      if (result.issues !== undefined) {
        this.columns.refuse(row, Reason.SCHEMA_INVALID, describeIssues(result.issues))
        return alreadySettled
      }
      value = result.value
    }
    return typeof part === 'function'
      ? part(value, viewOf(this.columns, row, this.#place, this.#tables))
      : alreadySettled
  }

  accept(row: number, made: unknown): void {
    if (made === undefined) return this.columns.filter(row)
    let text: string | undefined
    try {
      text = this.#values.stringify(made)
    } catch (error) {
      return this.columns.refuse(row, Reason.PART_NOT_JSON, messageOf(error))
    }
    if (text === undefined) return this.columns.refuse(row, Reason.PART_NOT_JSON, `a ${typeof made} is no JSON`)
    const { extra } = this.columns
    this.acceptMade(row, extra.appendText(text), extra.length)
  }

  keepMade(json: Uint8Array): number {
    return this.columns.extra.append(json)
  }

  acceptMade(row: number, start: number, end: number): void {
    const { partStart, partEnd, flags } = this.columns
    partStart[row] = start
    partEnd[row] = end
    flags[row]! |= rowFlags.partInExtra
  }

  giveUp(row: number, cause: unknown): void {
    this.columns.refuse(row, Reason.STAGE_FAILED, messageOf(cause))
  }

  #keep(row: number, part: Uint8Array): void {
    const start = this.keepMade(part)
    this.acceptMade(row, start, start + part.length)
  }
}

function validate(schema: StandardSchemaV1, value: unknown, side: string): StandardSchemaV1.Result<unknown> {
  const result = schema['~standard'].validate(value)
  if (!isThenable(result)) return result
  // Nobody waits for it.
  Promise.resolve(result).catch(() => {})
  throw new MillraceError('STAGE_SCHEMA_ASYNC', `the schema of stage "${side}" validates asynchronously`, {
    stage: side,
  })
}

function describeIssues(issues: readonly StandardSchemaV1.Issue[]): string {
  return issues
    .map(({ message, path = [] }) => {
      const at = path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.')
      return at === '' ? message : `${at}: ${message}`
    })
    .join('; ')
}
