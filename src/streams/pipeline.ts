import { systemRandom } from '../core/random.ts'
import type { Clock } from '../core/clock.ts'
import { ConfigError } from '../core/errors.ts'
import { type Cluster, receiveBytes, type Topic } from '../kafka/index.ts'
import { PendingTable, Reason } from '../kernel/index.ts'
import { Accounting } from './accounting.ts'
import { ByteBudget } from './byte-budget.ts'
import type { RunOptions } from './options.ts'
import type { PipelineTopics } from './pipeline-topics.ts'
import type { Plan } from './plan.ts'
import { RowBatchPool } from './row-batch.ts'

/** Batches between reading and the table. Few, so that their columns and bytes stay in the cache from step to step. */
const rowBatches = 4

/** What a run has besides records: filled in as it goes. Times are of the clock's monotonic kind. */
export interface RunStatistics {
  /** When the first fetch was sent, and when the last epoch was committed. */
  firstFetchMs: number
  lastCommitMs: number
  /** Bytes of record batches read. */
  sourceBytes: number
  epochs: number
  /** Epochs that were rolled back because something crashed. */
  rollbacks: number
  /** Records that had been written to the sink in epochs that were rolled back, and so are there again. */
  repeatedRecords: number
  /** Records handed to the producer since an epoch was committed. */
  unsettledRecords: number
  pendingRowsMax: number
}

/**
 * What the operators of one running program share. It outlives their restarts: an actor that crashed is made anew, the
 * table and the account behind it are rolled back to the last committed epoch.
 */
export class Pipeline {
  readonly plan: Plan
  readonly options: RunOptions
  readonly cluster: Cluster
  readonly clock: Clock
  readonly topics: PipelineTopics
  readonly table: PendingTable
  readonly accounting: Accounting
  /** Made anew with each life, so that memory in messages that were dropped is not waited for. */
  rowBatches = new RowBatchPool(rowBatches)
  /** What the memory budget leaves for outputs that are not stored yet. */
  budget: ByteBudget
  readonly #outputBytesMax: number
  readonly statistics: RunStatistics = {
    firstFetchMs: 0,
    lastCommitMs: 0,
    sourceBytes: 0,
    epochs: 0,
    rollbacks: 0,
    repeatedRecords: 0,
    unsettledRecords: 0,
    pendingRowsMax: 0,
  }
  /** Number of the pipeline's present life. Messages of an older one are dropped where they arrive. */
  incarnation = 0
  /** Called after each committed epoch. */
  onCommitted: () => void = () => {}

  constructor(parts: {
    plan: Plan
    options: RunOptions
    cluster: Cluster
    topics: PipelineTopics
    startOffsets: readonly number[]
  }) {
    this.plan = parts.plan
    this.options = parts.options
    this.cluster = parts.cluster
    this.clock = parts.cluster.clock
    this.topics = parts.topics
    this.accounting = new Accounting(Float64Array.from(parts.startOffsets))
    this.#outputBytesMax = outputBudget(parts.options, parts.topics.source)
    this.budget = new ByteBudget(this.#outputBytesMax)
    this.table = new PendingTable({
      sideCount: parts.plan.sides.length,
      bytesMax: parts.options.pendingBytesMax,
      hashSeed: [systemRandom.nextUint32(), systemRandom.nextUint32()],
      duplicateReason: Reason.DUPLICATE,
      tooLargeReason: Reason.MERGE_TOO_LARGE,
    })
  }

  /** Begins a new life at the last committed epoch. */
  rollback(): void {
    this.incarnation++
    this.rowBatches = new RowBatchPool(rowBatches)
    this.budget = new ByteBudget(this.#outputBytesMax)
    this.table.rollback()
    this.accounting.rollback()
    if (this.incarnation > 1) this.statistics.rollbacks++
    this.statistics.repeatedRecords += this.statistics.unsettledRecords
    this.statistics.unsettledRecords = 0
  }
}

/** Responses of one leader that are in flight or in use: one is read into while another is worked on. */
export const fetchBuffersPerLeader = 2

/** Below this the sink would be sent less than it can have in flight. */
const outputBytesMin = 8 << 20

/**
 * Splits the memory budget: what fetches may take is taken at once and for good, the rest is for outputs.
 *
 * @throws ConfigError `CONFIG_INVALID_VALUE` when the rest is too small to work with.
 */
function outputBudget({ memoryBudgetBytes, fetchBytes }: RunOptions, source: Topic): number {
  const leaders = new Set(source.partitions.map(({ leader }) => leader)).size
  const fetchMemory = leaders * fetchBuffersPerLeader * receiveBytes(fetchBytes)
  const rest = memoryBudgetBytes - fetchMemory
  if (rest >= outputBytesMin) return rest
  const least = fetchMemory + outputBytesMin
  throw new ConfigError(
    'CONFIG_INVALID_VALUE',
    `memoryBudgetBytes: ${memoryBudgetBytes} is too little to fetch ${fetchBytes} bytes from ${leaders} brokers; give at least ${least}, or lower fetchBytes`,
    { memoryBudgetBytes, least },
  )
}
