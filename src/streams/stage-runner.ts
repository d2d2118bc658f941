import type { StandardSchemaV1 } from '@standard-schema/spec'
import { EngineError } from '../core/errors.ts'
import { noSide, Reason, type RecordColumns, rowFlags } from '../kernel/index.ts'
import { madePartOf } from './checkpoint/kept-part.ts'
import type { Side } from './plan.ts'
import { messageOf, PoisonError, type PoisonLedger } from './poison.ts'
import { originOf, parseValue } from './record-view.ts'
import type { RowBatch } from './row-batch.ts'
import type { PartFunction } from './stage.ts'

/** Promises of one stage that may be pending at a time. */
const pendingMax = 256

const utf8 = new TextEncoder()

/**
 * Runs the function and the schema of one stage over the rows of its side. A row is done when it has a part, or is a
 * dead letter, or is filtered; running again over the same batch takes up what is not done.
 */
export class StageRunner {
  readonly #side: Side
  readonly #sideIndex: number
  readonly #topic: string
  readonly #ledger: PoisonLedger
  #pending: Promise<void>[] = []
  /** The first failure of the run at hand. */
  #failure: PoisonError | undefined

  constructor(side: Side, sideIndex: number, topic: string, ledger: PoisonLedger) {
    this.#side = side
    this.#sideIndex = sideIndex
    this.#topic = topic
    this.#ledger = ledger
  }

  /** @throws PoisonError when the function failed on a record that may be tried again. */
  async run({ columns, isPromoted }: Pick<RowBatch, 'columns' | 'isPromoted'>): Promise<void> {
    this.#failure = undefined
    for (let row = 0; row < columns.count && this.#failure === undefined; row++) {
      if (columns.side[row] !== this.#sideIndex) continue
      const made = isPromoted ? madePartOf(columns, row) : undefined
      if (made !== undefined) keepPart(columns, row, made)
      else if (this.#isDone(columns, row)) this.#ledger.passOver()
      else this.#runRow(columns, row)
      if (this.#pending.length >= pendingMax) await this.#settle()
    }
    if (this.#pending.length > 0) await this.#settle()
    this.#throwFailure()
  }

  #throwFailure(): void {
    const failure: PoisonError | undefined = this.#failure
    if (failure !== undefined) throw failure
  }

  #isDone(columns: RecordColumns, row: number): boolean {
    return this.#side.part.kind === 'stage' && columns.partStart[row]! >= 0
  }

  #runRow(columns: RecordColumns, row: number): void {
    const offset = columns.offset[row]!
    const cause = this.#ledger.isEmpty ? undefined : this.#ledger.givenUp(columns.partition, offset)
    if (cause !== undefined) return giveUp(columns, row, Reason.STAGE_FAILED, cause)
    const { schema, part } = this.#side.stage
    try {
      let value = parseValue(columns, row)
      if (schema !== undefined) {
        const result = validate(schema, value, this.#side.name)
        if (result.issues !== undefined || typeof part !== 'function') this.#ledger.succeed(columns.partition, offset)
        if (result.issues !== undefined)
          return giveUp(columns, row, Reason.SCHEMA_INVALID, describeIssues(result.issues))
        value = result.value
      }
      if (typeof part !== 'function') return
      const made = (part as PartFunction<unknown, unknown>)(value, originOf(columns, row, this.#topic))
      if (isThenable(made)) this.#await(columns, row, Promise.resolve(made))
      else this.#made(columns, row, made)
    } catch (error) {
      this.#failed(columns, row, error)
    }
  }

  #await(columns: RecordColumns, row: number, promise: Promise<unknown>): void {
    this.#pending.push(
      promise.then(
        (made) => this.#made(columns, row, made),
        (error: unknown) => this.#failed(columns, row, error),
      ),
    )
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#pending)
    this.#pending = []
  }

  #made(columns: RecordColumns, row: number, made: unknown): void {
    this.#ledger.succeed(columns.partition, columns.offset[row]!)
    if (made === undefined) {
      columns.side[row] = noSide
      columns.flags[row]! |= rowFlags.filtered
      return
    }
    let text: string | undefined
    try {
      text = JSON.stringify(made)
    } catch (error) {
      return giveUp(columns, row, Reason.PART_NOT_JSON, messageOf(error))
    }
    if (text === undefined) return giveUp(columns, row, Reason.PART_NOT_JSON, `a ${typeof made} is no JSON`)
    keepPart(columns, row, utf8.encode(text))
  }

  #failed(columns: RecordColumns, row: number, error: unknown): void {
    // An operating error of Millrace's own says something about the program, not about the record.
    if (EngineError.is(error)) throw error
    const offset = columns.offset[row]!
    this.#ledger.fail(columns.partition, offset, error)
    this.#failure ??= new PoisonError(this.#side.name, this.#topic, columns.partition, offset, error)
  }
}

function keepPart(columns: RecordColumns, row: number, part: Uint8Array): void {
  columns.partStart[row] = columns.extra.append(part)
  columns.partEnd[row] = columns.extra.length
  columns.flags[row]! |= rowFlags.partInExtra
}

/** Promises of other libraries count as well. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function giveUp(columns: RecordColumns, row: number, reason: number, cause: string): void {
  columns.side[row] = noSide
  columns.reason[row] = reason
  columns.causes.set(row, cause)
}

function validate(schema: StandardSchemaV1, value: unknown, side: string): StandardSchemaV1.Result<unknown> {
  const result = schema['~standard'].validate(value)
  if (!(result instanceof Promise)) return result
  // Nobody waits for it.
  result.catch(() => {})
  throw new EngineError('STAGE_SCHEMA_ASYNC', `the schema of stage "${side}" validates asynchronously`, { stage: side })
}

function describeIssues(issues: readonly StandardSchemaV1.Issue[]): string {
  return issues
    .map(({ message, path = [] }) => {
      const at = path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.')
      return at === '' ? message : `${at}: ${message}`
    })
    .join('; ')
}
