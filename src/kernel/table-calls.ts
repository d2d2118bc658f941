import type { RecordColumns } from './columns.ts'
import type { CompletedNumbers } from './completed-numbers.ts'
import { PUBLISHED } from './constants/outcome.ts'
import type { MovedRows } from './cold/moved-rows.ts'
import type { OutputBuilder } from './output-builder.ts'
import { blankRecord } from './handed-record.ts'
import { chunkWords } from './offset-set.ts'
import { partsOf, type PendingRow, rowAt } from './pending-row.ts'
import type { Publication } from './pending-table-options.ts'
import type { ChangeVisitor } from './table-counts.ts'
import { type TableHandlers, TableMachine } from './table-machine.ts'
import type { TableMemory } from './table-memory.ts'

const itself = (lane: number) => lane

/**
 * What the WebAssembly of a table calls back while it works: rows that leave, records, and what it is asked to tell.
 *
 * State: whom it calls. Each is set by whoever runs the machine, before it runs.
 */
export class TableCalls {
  readonly machine: TableMachine
  readonly #completed: CompletedNumbers
  readonly #handedRecord = blankRecord()
  publication: Publication | undefined
  /** Takes the records of a full batch over, by its partition. */
  handOver: OutputBuilder['handOver'] | undefined
  /** The rows that are being taken in, and the first of them in this pass. */
  pass: { columns: RecordColumns; from: number } | undefined
  onChange: ChangeVisitor | undefined
  isPending: ((partition: number, offset: number) => boolean) | undefined
  movedRows: MovedRows | undefined
  /** Rows of this partition, among those that are being taken in, are to be taken in later. */
  defer: ((partition: number) => void) | undefined
  /** Rows that have been merged with all of their parts in the table. */
  mergedStored = 0

  constructor(completed: CompletedNumbers, memory: TableMemory | undefined) {
    this.#completed = completed
    this.machine = new TableMachine(this.#handlers, memory)
  }

  get #handlers(): TableHandlers {
    return {
      filled: (partition, start, end, ...rest) =>
        this.handOver!(partition, this.machine.bytes.subarray(start >>> 0, end >>> 0), ...rest),
      refused: (head, reason) => this.#refuse(head, reason),
      expired: (head) => this.publication!.expire(this.rowAt(head)),
      merged: (head) => this.#merge(head),
      handed: (row, keyStart, valueStart, headersStart, carriedStart, end, greatestMs, leastMs) => {
        const { columns, from } = this.pass!
        const record = this.#handedRecord
        record.bytes = this.machine.buffer
        record.keyStart = keyStart >>> 0
        record.valueStart = valueStart >>> 0
        record.headersStart = headersStart >>> 0
        record.carriedStart = carriedStart >>> 0
        record.end = end >>> 0
        record.greatestMs = greatestMs
        record.leastMs = leastMs
        record.partition = columns.partition
        record.offset = columns.offset[from + row]!
        const outcome = this.publication!.hand!(record)
        const cause = outcome > PUBLISHED ? this.publication!.causeOf?.(outcome) : undefined
        if (cause !== undefined) columns.causes.set(from + row, cause)
        return outcome
      },
      traced: (start, end, count) =>
        this.publication!.trace?.(this.machine.bytes.subarray(start >>> 0, end >>> 0), count),
      changed: (partition, chunk, bitmap, added, low, high) => {
        const word = (bitmap >>> 0) / 4
        this.onChange!(partition, chunk, this.machine.words.subarray(word, word + chunkWords), added, [
          low >>> 0,
          high >>> 0,
        ])
      },
      pending: (partition, offset) => Number(this.isPending!(partition, offset)),
      taskOf: (partition) => this.#completed.taskOf(partition),
      numberNext: (task) => this.#completed.next(task),
      numberLast: (task) => this.#completed.last(task),
      isNumberForgotten: (task, number) => Number(this.#completed.isForgotten(task, number)),
      movedOut: (head, low, high) => Number(this.movedRows!.movedOut(head, low >>> 0, high >>> 0)),
    }
  }

  #refuse(head: number, reason: number): void {
    for (const part of partsOf(this.machine.words, head)) this.publication!.refuse(part, reason)
  }

  #merge(head: number): number {
    const outcome = this.publication!.merge!(this.rowAt(head))
    if (outcome > PUBLISHED) this.#refuse(head, outcome)
    else if (outcome === PUBLISHED) this.mergedStored++
    return outcome
  }

  /** The row whose first block has this address. */
  rowAt(head: number): PendingRow {
    return rowAt(this.machine.words, head, this.publication?.firstLaneOf ?? itself)
  }
}
