import type { RecordColumns } from './columns.ts'
import { passEnd } from './columns.ts'
import type { CopiedBytes } from './copied-bytes.ts'
import type { CopiedColumns } from './copied-columns.ts'
import type { OutputBuilder } from './output-builder.ts'
import { encodeRoutedHeaders } from './routed-part.ts'
import type { TableCalls } from './table-calls.ts'
import { memoryFull, type TableLoad } from './table-full.ts'
import type { TableLiterals } from './table-literals.ts'

/** A topic that parts are routed to, and what it takes. */
export interface RoutedTopic {
  readonly out: OutputBuilder
  readonly recordBytesMax: number
  readonly times: { readonly earliestMs: number; readonly latestMs: number }
}

/** What of a table writes parts. */
export interface PartRoutesParts {
  readonly calls: TableCalls
  readonly columns: CopiedColumns
  readonly bytes: CopiedBytes
  readonly extra: CopiedBytes
  readonly literals: TableLiterals
  readonly load: TableLoad
  readonly openBatches: (partitionCount: number, batchBytes: number) => void
}

/**
 * Writes parts to the partitions of their merge keys, by `assembly/routes.ts`. The table whose memory that is takes
 * nothing in.
 *
 * Cost per record: a copy of its bytes, a hash of its key, a copy of its part.
 */
export class PartRoutes {
  readonly #parts: PartRoutesParts
  #topics: readonly (RoutedTopic & { readonly first: number })[] = []

  constructor(parts: PartRoutesParts) {
    this.#parts = parts
  }

  /**
   * Sets where parts go from now on; those that no batch was handed over with are forgotten.
   *
   * @param topics - By source.
   * @param sideNames - In declared order.
   */
  publishTo(topics: readonly RoutedTopic[], sideNames: readonly string[]): void {
    const { calls, literals, openBatches } = this.#parts
    let partitionCount = 0
    this.#topics = topics.map((topic) => {
      const first = partitionCount
      partitionCount += topic.out.partitionCount
      return { ...topic, first }
    })
    const owners = this.#topics.flatMap(({ out, first }) =>
      Array.from({ length: out.partitionCount }, () => ({ out, first })),
    )
    calls.handOver = (partition, ...batch) => {
      const { out, first } = owners[partition]!
      out.handOver(partition - first, ...batch)
    }
    literals.place(sideNames.map(encodeRoutedHeaders))
    openBatches(partitionCount, Math.min(...topics.map(({ out }) => out.batchBytes)))
  }

  /**
   * Writes the parts of the rows that have a side, with the headers that they carry: their number and two, and the
   * headers. Those that the topic does not take leave as dead letters.
   *
   * @param source - Of all rows.
   * @param roomBytes - Bytes of parts after which no more rows are taken; one is, however large.
   * @returns How many rows were taken.
   * @throws MillraceError `TABLE_FULL` where there is no memory for a part.
   */
  take(columns: RecordColumns, source: number, roomBytes: number): number {
    const { calls, columns: copied, bytes, extra, load } = this.#parts
    const { run } = calls.machine
    const { first, out, recordBytesMax, times } = this.#topics[source]!
    run.recordBytesMax.value = recordBytesMax
    run.earliestMs.value = times.earliestMs
    run.latestMs.value = times.latestMs
    run.outputRoom.value = Math.max(1, Math.min(roomBytes, 0xffffffff))
    const { length } = columns.extra
    const extraAt = length === 0 ? 0 : extra.copyIn(columns.extra.bytes.subarray(0, length))
    let taken = 0
    for (let to = 0; taken === to && taken < columns.count;) {
      const from = to
      to = passEnd(columns, from)
      copied.copyIn(columns, from, to, bytes, extraAt)
      taken = from + run.route(to - from, first, out.partitionCount)
      copied.copyOut(columns, from, to)
      if (taken < to && run.outputRoom.value !== 0)
        throw memoryFull(load, columns.partEnd[taken]! - columns.partStart[taken]!)
    }
    extra.shrink()
    bytes.shrink()
    return taken
  }
}
