import { type CutBatch, noSide, type RecordColumns, type TableShard } from '../../kernel/index.ts'
import type { Session } from '../recovery/session.ts'

/** Rows for one shard. */
export interface RowsOfShard {
  readonly shard: number
  readonly batch: CutBatch
  /** How many lanes its partition has. */
  readonly laneCount: number
}

/** Cuts rows that the operators have made ready on the main thread, which has a table without keys for that. */
export class RowCutter {
  readonly #session: Pick<Session, 'state' | 'sources'>
  readonly #table: TableShard

  constructor(session: Pick<Session, 'state' | 'sources'>, shardCount: number) {
    this.#session = session
    this.#table = session.state.table.shardAt({ shard: shardCount, shardCount })
  }

  /** The rows that have a side, by shard, in their order: copies. The columns stay as they are. */
  cut(columns: RecordColumns): RowsOfShard[] {
    const cut: RowsOfShard[] = []
    const { state, sources } = this.#session
    const { length: laneCount } = sources.partitions.lanesOf(columns.partition)
    const sides = columns.side.slice(0, columns.count)
    this.#table.take(columns, state.accounting.current, (shard, { rows, ...batch }) => {
      cut.push({ shard, batch: { ...batch, rows: rows.slice() }, laneCount })
    })
    columns.side.set(sides)
    return cut
  }
}

/** The first row that has no side; undefined where all have one. */
export function firstWithoutSide({ side, count }: RecordColumns): number | undefined {
  const row = side.subarray(0, count).indexOf(noSide)
  return row === -1 ? undefined : row
}
